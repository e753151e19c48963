/** The texts of the pages in French. */
import type { Texts } from "./en.ts";

const frenchMinutes = (count: number) => (count === 1 ? "une minute" : `${count} minutes`);

export const fr: Texts = {
  product: "email-connector",
  error: "Erreur",
  footer: {
    runBy: (operator) => `Géré par ${operator}`,
    privacy: "Confidentialité, et ce que voit Claude",
  },
  localClient: {
    name: "Un programme sur cet ordinateur",
    wants: "demande l’accès à votre boîte mail",
    title: "Un programme sur cet ordinateur demande l’accès à votre boîte mail",
    addFor: "le programme sur cet ordinateur",
    continueTo: "Continuer vers le programme",
    without: "Continuer sans elle vers le programme",
    goBack: "Revenez au programme.",
  },
  connect: {
    title: (host) => `Donner à ${host} l’accès à votre boîte mail`,
    heading: { before: "Vous donnez à", after: "l’accès à votre boîte mail" },
    addFor: "Ajouter une autre boîte mail pour",
    addHeading: "Ajouter une autre boîte mail",
    connectedAlready: "Déjà connectée :",
    address: "Adresse e-mail",
    provider: "Fournisseur de messagerie",
    providerFromAddress: "À trouver d’après mon adresse",
    providerOther: "Autre : saisir les serveurs",
    chooseProvider: "Choisir moi-même le fournisseur",
    changeProvider: "Ce n’est pas ça ? Modifier",
    bridgeClosed:
      "Sur ce serveur, aucune adresse de Bridge n’est ouverte. Demandez à la personne qui le gère de faire tourner Bridge à côté et d’indiquer son adresse dans ALLOW_PRIVATE_HOSTS.",
    found: {
      looking: "Recherche des serveurs de votre domaine…",
      preset: (name) => `Trouvé : ${name}`,
      mx: (name) => `Le courrier de votre domaine est chez ${name}.`,
      srv: "Votre domaine indique ces serveurs. Vérifiez-les avant de continuer.",
      autoconfig: (hosts) => `Votre domaine indique ces serveurs : ${hosts}.`,
      guess:
        "Votre domaine n’indique aucun serveur. Voici les noms habituels : vérifiez-les auprès de votre fournisseur.",
      uncertain:
        "Les serveurs de noms de votre domaine n’ont pas répondu pour le moment. Voici seulement les noms habituels des serveurs : vérifiez-les, ou réessayez dans une minute.",
    },
    makeAppPassword: "Créer un mot de passe d’application",
    helpPage: "La page du fournisseur",
    opensNewTab: "(s’ouvre dans un nouvel onglet)",
    unavailable: "Aucun mot de passe ne fonctionne ici",
    password: "Mot de passe d’application",
    passwordHint:
      "Un mot de passe réservé à cette connexion. L’habituel ne fonctionne que si votre fournisseur n’a pas de mots de passe d’application.",
    show: "Voir",
    hide: "Cacher",
    servers: {
      imap: "Lecture (IMAP)",
      smtp: "Envoi (SMTP)",
      host: "Serveur",
      port: "Port",
      security: "Chiffrement",
      tls: "TLS",
      startTls: "STARTTLS",
      username: "Nom d’utilisateur",
      usernameHint: "Seulement s’il n’est pas votre adresse e-mail.",
    },
    certificate: {
      legend: "Certificat de votre propre serveur",
      accept: { imap: "L’accepter pour la lecture (IMAP)", smtp: "L’accepter pour l’envoi (SMTP)" },
      fingerprint: "Empreinte SHA-256 :",
      names: "Noms qu’il contient :",
      noNames: "aucun",
      validTo: "Valable jusqu’au :",
    },
    level: {
      legend: "Ce que Claude peut faire",
      read: "Lire",
      readMore: "Chercher et lire. Rien ne change dans la boîte.",
      organise: "Lire et ranger",
      organiseMore:
        "Aussi marquer, déplacer, mettre à la corbeille et écrire des brouillons. L’envoi vous revient.",
      approve: "Claude prépare, j’approuve",
      approveMore:
        "Aussi écrire des e-mails et supprimer. Rien n’est envoyé ni effacé avant que vous l’ayez vu et décidé, sur une page de ce serveur.",
      send: "Lire, ranger et envoyer",
      sendMore: "Aussi envoyer des e-mails en votre nom.",
      askForNewPeople: "Me demander avant d’écrire à une nouvelle personne",
    },
    submit: "Connecter",
    steps: {
      label: "Connexion en cours",
      servers: "Recherche des serveurs",
      imap: "Connexion pour lire (IMAP)",
      smtp: "Connexion pour envoyer (SMTP)",
    },
    lost: "La liaison avec le serveur de cette page s’est interrompue. Rien n’a été enregistré ; réessayez.",
    withoutSending: "Continuer sans envoi",
    cancel: "Annuler",
    without: (host) => `Continuer sans elle vers ${host}`,
    trust:
      "Il va à votre serveur de messagerie et nulle part ailleurs ; il est gardé ici chiffré, sous une clé que seul le programme connecté détient, et Claude ne le voit jamais.",
    runBy: (operator) => `Ce serveur est géré par ${operator}.`,
    whatClaudeSees: "Ce que voit Claude",
  },
  connected: {
    title: "Connecté",
    heading: "Connecté en tant que",
    readOnly: "sans envoi",
    failedGuesses: (count) =>
      `Il y a eu auparavant ${count === 1 ? "une tentative" : `${count} tentatives`} avec un mauvais mot de passe. Si ce n’était pas vous, quelqu’un essaie peut-être de deviner votre mot de passe.`,
    remove: "Retirer",
    removeAddress: (address) => `Retirer ${address}`,
    may: {
      read: "Chercher et lire vos e-mails. Rien ne change dans la boîte.",
      organise:
        "Chercher et lire vos e-mails, les marquer, les déplacer, les mettre à la corbeille et écrire des brouillons. L’envoi vous revient.",
      approve:
        "Chercher et lire vos e-mails, les marquer, les déplacer, les mettre à la corbeille, et préparer des e-mails et des suppressions. Vous décidez sur une page de ce serveur avant tout envoi ou toute suppression définitive.",
      send: "Chercher et lire vos e-mails, les marquer, les déplacer, les mettre à la corbeille, écrire des brouillons et envoyer des e-mails en votre nom.",
    },
    nextTitle: "Et maintenant",
    next: (host) =>
      `Continuez vers ${host}. Demandez ensuite dans une conversation, par exemple : « Quels e-mails depuis hier attendent une réponse ? »`,
    nextLocal:
      "Continuez vers le programme. Demandez-lui ensuite, par exemple : « Quels e-mails depuis hier attendent une réponse ? »",
    takeBackTitle: "Comment revenir en arrière",
    takeBack:
      "Déconnectez-le dans les réglages du programme, sous Connectors dans Claude. Supprimer le mot de passe d’application chez votre fournisseur y met fin aussi, quoi que fasse le programme.",
    takeBackPage: "Vos connexions sur ce serveur",
    add: "Ajouter une autre boîte",
    continueTo: (host) => `Continuer vers ${host}`,
  },
  problem: {
    server: (side, host) => `${host ?? "Le serveur"} (${side === "imap" ? "lecture, IMAP" : "envoi, SMTP"})`,
    loginRefused: {
      smtp: "Le mot de passe est juste pour la lecture, mais le serveur l’a refusé pour l’envoi (SMTP). Réessayez, ou continuez sans envoi.",
      gmail:
        "Google ne l’a pas accepté. Il faut un mot de passe d’application : 16 lettres que Google montre une seule fois, et non votre mot de passe Google. Si Google n’en propose pas, activez d’abord la validation en deux étapes.",
      icloud:
        "Apple ne l’a pas accepté. Il faut un mot de passe pour application, qui ressemble à abcd-efgh-ijkl-mnop, et non celui de votre compte Apple. Créez-en un nouveau et collez-le en entier.",
      protonmail:
        "Bridge ne l’a pas accepté. Prenez le mot de passe que Bridge affiche dans les détails de la boîte, et non votre mot de passe Proton.",
      needed: (provider) =>
        `${provider} ne l’a pas accepté. Il faut un mot de passe d’application, et non l’habituel : créez-en un comme indiqué ci-dessus et collez-le en entier.`,
      optional: (provider) =>
        `${provider} n’a pas accepté cette adresse et ce mot de passe. Vérifiez les deux, et ce qui est dit ci-dessus des conditions du fournisseur.`,
      other:
        "Le serveur n’a pas accepté cette adresse et ce mot de passe. Vérifiez les deux. Si vous vous y connectez en deux étapes, créez un mot de passe d’application dans les réglages de sécurité.",
    },
    hostUnknown: (host) =>
      `Il n’y a pas de serveur ${host === undefined ? "de ce nom" : `nommé ${host}`}. Vérifiez l’orthographe.`,
    hostUnresolved: (host) =>
      `Le nom ${host ?? "du serveur de messagerie"} n’a pas pu être résolu pour l’instant. Votre mot de passe n’est pas en cause : réessayez dans une minute.`,
    hostUnreachable: (server) =>
      `${server} ne répond pas. Vérifiez le nom et le port ; s’ils sont justes, il est peut-être en panne : réessayez plus tard.`,
    hostDown: (server) => `${server} ne répond pas pour l’instant. Réessayez plus tard.`,
    hostRefused:
      "Ce serveur ne peut pas être utilisé. Il lui faut une adresse publique et le port 993, 143, 465 ou 587.",
    tlsFailed: (server) =>
      `${server} n’a pas de certificat qui corresponde à son nom ; votre mot de passe n’a donc pas été envoyé. Vérifiez le nom et le chiffrement.`,
    certificateUnknown: (server) =>
      `${server} présente un certificat qu’aucune autorité connue n’a émis pour ce nom ; votre mot de passe n’a donc pas été envoyé. Si ce serveur est le vôtre, comparez l’empreinte ci-dessous avec celle que le serveur indique lui-même, acceptez le certificat et saisissez de nouveau le mot de passe.`,
    certificateChanged: (server) =>
      `${server} présente un autre certificat que celui que vous avez accepté ; votre mot de passe n’a donc pas été envoyé. N’acceptez le nouveau que si vous savez pourquoi il a changé.`,
    startTlsMissing: (server) =>
      `${server} ne propose pas STARTTLS ; votre mot de passe n’a donc pas été envoyé. Choisissez TLS comme chiffrement, ou vérifiez le port.`,
    loginUnsupported: (server) =>
      `${server} ne propose aucune connexion par mot de passe que nous connaissions ; votre mot de passe n’a donc pas été envoyé. Demandez au fournisseur comment les autres programmes se connectent.`,
    notAMailServer: (server) =>
      `${server} répond, mais pas comme un serveur de messagerie. Vérifiez le nom, le port et le chiffrement.`,
    busy: "Le serveur de messagerie est surchargé ou ne laisse entrer personne pour l’instant. Votre mot de passe n’est pas en cause : réessayez dans une minute.",
    timedOut: (server) => `${server} a mis trop longtemps. Réessayez dans une minute.`,
    rateLimited: (count) => `Trop de tentatives. Attendez ${frenchMinutes(count)}, puis réessayez.`,
    notAllowed:
      "Ce serveur n’est pas ouvert à cette adresse et à ces serveurs de messagerie. Demandez à la personne qui le gère.",
    unavailable: (provider) =>
      `${provider} ne laisse aucun autre programme se connecter avec un mot de passe. Ce que vous pouvez faire est dit plus bas.`,
    restarting: "Ce serveur redémarre. Réessayez dans quelques secondes.",
    storageFull:
      "Ce serveur n’a plus de place et n’a rien pu enregistrer. Dites-le à la personne qui le gère.",
    otherDomain:
      "Votre domaine indique ces serveurs, qui appartiennent à un autre domaine. S’ils sont justes, saisissez encore une fois le mot de passe et continuez.",
    withoutSending: "La lecture fonctionne : vous pouvez aussi continuer sans envoi.",
    other: (server) =>
      `${server} ne nous a pas laissés entrer, pour une raison à lui. Vérifiez que c’est bien un mot de passe d’application et que l’IMAP y est activé ; connectez-vous une fois sur le site du fournisseur ; puis réessayez.`,
    missing: {
      address: "Saisissez votre adresse e-mail entière, par exemple ana@example.org.",
      password: "Collez ici le mot de passe d’application.",
      provider: "Choisissez un fournisseur dans la liste.",
      username: "Saisissez le nom d’utilisateur, ou laissez ce champ vide.",
      host: "Saisissez le nom du serveur, par exemple mail.example.org.",
      port: "Un port est un nombre, par exemple 993 ou 465.",
    },
  },
  notice: {
    request_invalid: {
      title: "Ce lien n’est pas complet",
      text: "Le programme qui vous a envoyé ici demande quelque chose que nous ne comprenons pas. Retournez-y et recommencez.",
    },
    client_unknown: {
      title: "Nous ne connaissons pas ce programme",
      text: "Son identifiant client n’est pas l’un des nôtres. Vérifiez-le dans les réglages du connecteur, puis recommencez.",
    },
    client_closed: {
      title: "Ce programme n’est pas admis ici",
      text: "Il a demandé l’accès à votre boîte et ne l’a pas obtenu.",
    },
    clientSetting: (name: string) =>
      `La personne qui exploite ce serveur peut admettre ${name} avec ce réglage :`,
    redirect_refused: {
      title: "Nous ne vous enverrons pas là-bas",
      text: "L’adresse vers laquelle ce programme veut vous renvoyer n’est pas sur la liste de ce serveur. Il n’a reçu aucun accès.",
    },
    request_expired: {
      title: "Cette page a expiré",
      text: "Elle est restée ouverte plus d’une heure. Retournez à Claude et choisissez encore une fois Connecter.",
    },
    already_connected: {
      title: "Vous êtes déjà connecté",
      text: "Cette connexion est établie. Vous pouvez fermer cette page.",
    },
    cancelled: {
      title: "Vous avez annulé",
      text: "Rien n’a été gardé. Pour vous connecter malgré tout, retournez à Claude et choisissez encore une fois Connecter.",
    },
    cross_site: {
      title: "Ce formulaire vient d’ailleurs",
      text: "Pour votre sécurité, nous ne l’acceptons que de notre propre page. Retournez à Claude et choisissez encore une fois Connecter.",
    },
    rate_limited: {
      title: "Un instant",
      text: "Il y a eu trop de tentatives d’ici. Attendez un peu, puis réessayez.",
    },
    not_found: {
      title: "Il n’y a rien ici",
      text: "Cette adresse ne mène nulle part. La première page de ce serveur explique comment se connecter.",
    },
    link_expired: {
      title: "Ce lien ne fonctionne plus",
      text: "Un lien de téléchargement sert une fois, dans les dix minutes. Demandez un nouveau lien à Claude.",
    },
    failed: {
      title: "Quelque chose s’est cassé chez nous",
      text: "Vous n’y êtes pour rien, et rien n’a été enregistré. Réessayez dans une minute.",
    },
    redirectSetting:
      "Si vous faites confiance à ce programme, demandez à la personne qui gère ce serveur d’ajouter cette adresse au réglage ALLOWED_REDIRECT_URIS.",
    goBack: (host) => `Revenez à ${host}.`,
    again: "Connecter encore une fois",
    home: "Aller à la première page",
    wait: (count) => `Réessayez dans ${frenchMinutes(count)}.`,
  },
  landing: {
    title: "Votre boîte mail, reliée à Claude",
    lead: "Saisissez une fois votre adresse e-mail et un mot de passe d’application, et Claude peut chercher, lire, ranger et écrire vos e-mails, chez tout fournisseur qui parle IMAP. Vous choisissez ce qu’il peut en faire.",
    promise:
      "Aucun e-mail n’est stocké ici. Votre mot de passe est gardé chiffré, sous une clé que seul le programme connecté détient.",
    urlLabel: "URL du connecteur",
    copy: "Copier",
    copied: "Copié.",
    how: "Comment se connecter",
    claude: {
      name: "Claude sur le web, l’ordinateur et le téléphone",
      add: "Ajouter à Claude",
      addHint:
        "Le bouton ci-dessus ouvre le dialogue de Claude, avec le nom et l’URL déjà remplis. Pas à pas :",
      steps: [
        "Ouvrez les réglages, puis Connectors, et choisissez d’ajouter un connecteur personnalisé (Add custom connector).",
        "Collez l’URL du connecteur. Laissez vides l’identifiant et le secret, sauf si la personne qui gère ce serveur vous en a donné.",
        "Choisissez Connecter, saisissez votre adresse e-mail et le mot de passe d’application, et choisissez ce que Claude peut faire.",
      ],
      needsPublic:
        "Ceux-ci ne joignent un serveur que par une adresse https publique, et celui-ci n’en a pas.",
    },
    code: {
      name: "Claude Code",
      steps: [
        "Exécutez ceci dans un terminal :",
        "Dans Claude Code, tapez /mcp, choisissez email et authentifiez-vous.",
      ],
    },
    inspector: {
      name: "MCP Inspector",
      steps: [
        "Exécutez ceci dans un terminal :",
        "Choisissez Streamable HTTP, collez l’URL du connecteur et connectez-vous.",
      ],
    },
  },
};
