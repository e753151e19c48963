/** The steps that each provider requires before a password works, in French, by preset id. The English texts are in the presets. */

const own = (account: string) =>
  `C’est le mot de passe de la boîte qui fonctionne, et non celui du compte ${account}.`;
const usual = "Votre mot de passe de messagerie habituel fonctionne.";
const zoho =
  "Activez l’accès IMAP dans les réglages de Zoho Mail. Avec la connexion en deux étapes, créez un mot de passe d’application sous Sécurité.";
const netease =
  "Dans les réglages, sous POP3/SMTP/IMAP, activez IMAP et créez un code d’autorisation ; il remplace le mot de passe.";
const italian =
  "Avec la protection de connexion renforcée, créez un mot de passe réservé aux logiciels de messagerie ; sinon l’habituel fonctionne.";
const gmx =
  "Autorisez d’abord POP3 et IMAP, dans les réglages de la messagerie. Avec la connexion à deux facteurs, créez un mot de passe d’application.";

export const stepsFr: Readonly<Record<string, string>> = {
  icloud:
    "Connectez-vous sur account.apple.com, ouvrez « Mots de passe pour application » et créez-en un ; il ressemble à abcd-efgh-ijkl-mnop.",
  outlook:
    "Depuis septembre 2024, Outlook.com ne laisse plus aucun autre programme se connecter avec un mot de passe, même d’application. Ce qui fonctionne : faites transférer votre courrier par Outlook (Paramètres, Courrier, Transfert) vers une boîte d’un autre fournisseur, et connectez celle-ci.",
  microsoft365:
    "Microsoft 365 ne laisse plus aucun programme se connecter par IMAP avec un mot de passe, et aucun administrateur ne peut le réactiver. Ce qui fonctionne : le connecteur Microsoft 365 de Claude, ou un transfert de votre courrier vers une boîte d’un autre fournisseur.",
  yahoo:
    "Ouvrez la sécurité du compte, choisissez de générer un mot de passe d’application, nommez-le et copiez les 16 lettres.",
  fastmail:
    "Ouvrez Settings, Privacy & Security, Integrations, et créez un mot de passe d’application avec accès au courrier (IMAP/POP/SMTP). L’offre Basic n’a pas IMAP.",
  protonmail:
    "Proton ne parle IMAP que par Proton Mail Bridge (offres payantes). Bridge doit tourner là où ce serveur le joint : à côté de lui, ou dans son réseau. Saisissez l’adresse de Bridge, ses ports (en général 1143 et 1025, STARTTLS) et le mot de passe qu’il affiche dans les détails de la boîte.",
  gmail:
    "Activez d’abord la validation en deux étapes : sans elle, pas de mots de passe d’application. Puis créez-en un et copiez ses 16 lettres. Dans Workspace, l’administrateur a pu désactiver cela.",
  aol: "Ouvrez la sécurité du compte, choisissez de générer un mot de passe d’application, nommez-le et copiez les 16 lettres.",
  zoho,
  "zoho-own-domain": zoho,
  "zoho-eu": zoho,
  "zoho-eu-own-domain": zoho,
  mailcom:
    "Autorisez POP3 et IMAP dans les réglages de mail.com ; cela fait partie de mail.com Premium. Ensuite votre mot de passe habituel fonctionne.",
  yandex:
    "Autorisez IMAP dans les réglages de Yandex Mail, sous Logiciels de messagerie, puis créez un mot de passe d’application pour le courrier.",
  posteo:
    "Votre mot de passe habituel fonctionne. Avec la protection supplémentaire de la boîte, autorisez d’abord IMAP dans les réglages de Posteo.",
  mailboxorg:
    "Votre mot de passe habituel fonctionne, sauf avec la connexion à deux facteurs : créez alors un mot de passe d’application dans les réglages, sous Sécurité.",
  runbox:
    "Votre mot de passe habituel fonctionne, sauf avec la connexion en deux étapes : créez alors un mot de passe d’application sous Account Security.",
  mailfence:
    "IMAP fait partie des offres payantes. Avec la connexion en deux étapes, créez dans les réglages un mot de passe pour services externes.",
  startmail:
    "Dans les réglages, ouvrez IMAP/SMTP, autorisez d’autres programmes et créez un mot de passe propre à l’appareil.",
  disroot: "Votre mot de passe Disroot habituel fonctionne.",
  riseup: "Votre mot de passe Riseup habituel fonctionne.",
  migadu:
    "C’est le mot de passe de la boîte qui fonctionne, et non celui du compte d’administration Migadu. Une identité qui a son propre mot de passe convient aussi.",
  purelymail:
    "Votre mot de passe habituel fonctionne, sauf avec la connexion à deux facteurs : créez alors un mot de passe d’application pour l’utilisateur.",
  infomaniak:
    "C’est le mot de passe de la boîte qui fonctionne. Avec la connexion en deux étapes d’un compte ik.me, créez un mot de passe d’application dans le profil.",
  gandi: own("Gandi"),
  ovh: own("OVHcloud"),
  hostinger: own("Hostinger"),
  privateemail:
    "C’est le mot de passe de la boîte qui fonctionne. Avec la connexion à deux facteurs, créez un mot de passe d’application dans les réglages du webmail.",
  rackspace: "C’est le mot de passe de la boîte qui fonctionne.",
  dreamhost: own("DreamHost"),
  hover: own("Hover"),
  godaddy: own("GoDaddy"),
  onecom: own("one.com"),
  gmx,
  gmxcom: gmx,
  webde: gmx,
  tonline:
    "Dans l’E-Mail Center, ouvrez les réglages, Passwörter, et définissez un mot de passe pour logiciels de messagerie ; celui de connexion ne fonctionne pas.",
  freenet:
    "Dans les réglages de la boîte, ouvrez POP3/IMAP/SMTP et activez-le ; ensuite votre mot de passe habituel fonctionne.",
  ionos: own("client IONOS"),
  strato: own("client STRATO"),
  vodafonede: usual,
  orangefr:
    "Dans les réglages de Mail Orange, autorisez d’abord les logiciels de messagerie qui ne sont pas d’Orange ; ensuite le mot de passe de la boîte fonctionne.",
  freefr:
    "Le mot de passe habituel de la boîte fonctionne. Pour envoyer, autorisez le SMTP authentifié dans votre compte Free.",
  laposte:
    "Dans les réglages du webmail, autorisez les autres logiciels de messagerie (IMAP) ; ensuite votre mot de passe habituel fonctionne.",
  sfr: usual,
  bluewin: usual,
  libero: italian,
  virgilio: italian,
  seznam:
    "Autorisez IMAP dans les réglages de la messagerie. Avec la connexion en deux étapes, créez un mot de passe d’application dans la sécurité du compte.",
  wppl: "Autorisez POP3/IMAP/SMTP dans les réglages de la messagerie. Avec la connexion en deux étapes, créez un mot de passe pour applications.",
  onet: "Votre mot de passe habituel fonctionne, sauf avec la connexion en deux étapes : créez alors un mot de passe pour logiciels de messagerie.",
  interia:
    "Autorisez les logiciels de messagerie dans les réglages de la boîte ; ensuite votre mot de passe habituel fonctionne.",
  telenet: usual,
  kpn: usual,
  ziggo: usual,
  bt: "Votre mot de passe de messagerie BT habituel fonctionne.",
  virginmedia:
    "Connectez-vous à My Virgin Media, ouvrez Account settings, choisissez Manage email app password, et demandez-en un nouveau.",
  mailru: "Ouvrez les réglages de sécurité du compte et créez un mot de passe pour applications externes.",
  ukrnet:
    "Dans les réglages de la messagerie, autorisez l’accès IMAP et créez le mot de passe pour logiciels de messagerie.",
  att: "Connectez-vous à votre profil AT&T, ouvrez Sign-in info et créez une clé « secure mail key » ; elle remplace le mot de passe.",
  comcast:
    "Dans les réglages de Xfinity Email, sous Security, autorisez d’abord l’accès de tiers ; ensuite votre mot de passe habituel fonctionne.",
  telstra: usual,
  qq: "Dans les réglages de la messagerie, sous Compte, activez IMAP/SMTP et créez un code d’autorisation ; il remplace le mot de passe.",
  netease163: netease,
  netease126: netease,
  naver:
    "Activez la connexion en deux étapes, créez-y un mot de passe d’application, et activez IMAP/SMTP dans les réglages de Naver Mail.",
  daum: "Activez IMAP/SMTP dans les réglages de Daum Mail. Avec la connexion en deux étapes, créez un mot de passe d’application.",
};
