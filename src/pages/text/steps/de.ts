/** The steps that each provider requires before a password works, in German, by preset id. The English texts are in the presets. */

const own = (account: string) => `Es gilt das Passwort des Postfachs, nicht das von ${account}.`;
const usual = "Ihr gewohntes E-Mail-Passwort geht.";
const zoho =
  "Schalten Sie in den Einstellungen von Zoho Mail den IMAP-Zugriff ein. Bei Anmeldung in zwei Schritten erstellen Sie unter Sicherheit ein anwendungsspezifisches Passwort.";
const netease =
  "Schalten Sie in den Einstellungen unter POP3/SMTP/IMAP den IMAP-Dienst ein und erstellen Sie einen Autorisierungscode; er tritt an die Stelle des Passworts.";
const italian =
  "Mit zusätzlichem Anmeldeschutz erstellen Sie ein eigenes Passwort für Mailprogramme; sonst geht Ihr gewohntes.";

export const stepsDe: Readonly<Record<string, string>> = {
  icloud:
    "Melden Sie sich bei account.apple.com an, öffnen Sie „Anwendungsspezifische Passwörter“ und erstellen Sie eines; es sieht aus wie abcd-efgh-ijkl-mnop.",
  outlook:
    "Seit September 2024 lässt Outlook.com kein anderes Programm mehr mit einem Passwort ein, auch nicht mit einem App-Passwort. Was geht: Lassen Sie Outlook Ihre E-Mails an ein Postfach bei einem anderen Anbieter weiterleiten (Einstellungen, E-Mail, Weiterleitung), und verbinden Sie dieses.",
  microsoft365:
    "Microsoft 365 lässt kein Programm mehr mit einem Passwort über IMAP ein, und keine Administration kann das wieder einschalten. Was geht: der eigene Microsoft-365-Connector von Claude, oder eine Weiterleitung an ein Postfach bei einem anderen Anbieter.",
  yahoo:
    "Öffnen Sie die Kontosicherheit, wählen Sie „App-Passwort generieren“, geben Sie ihm einen Namen, und kopieren Sie die 16 Buchstaben.",
  fastmail:
    "Öffnen Sie Settings, Privacy & Security, Integrations, und erstellen Sie ein neues App-Passwort mit Zugriff auf Mail (IMAP/POP/SMTP). Der Basic-Tarif hat kein IMAP.",
  protonmail:
    "Proton spricht IMAP nur über Proton Mail Bridge (bezahlte Tarife). Bridge muss dort laufen, wo dieser Server sie erreicht: neben ihm oder in seinem Netz. Geben Sie die Adresse von Bridge ein, ihre Ports (meist 1143 und 1025, STARTTLS) und das Passwort, das sie bei den Postfachdetails zeigt.",
  gmail:
    "Schalten Sie zuerst die Bestätigung in zwei Schritten ein: ohne sie gibt es keine App-Passwörter. Dann erstellen Sie eines und kopieren die 16 Buchstaben. In Workspace kann die Administration das abgeschaltet haben.",
  aol: "Öffnen Sie die Kontosicherheit, wählen Sie „App-Passwort generieren“, geben Sie ihm einen Namen, und kopieren Sie die 16 Buchstaben.",
  zoho,
  "zoho-own-domain": zoho,
  "zoho-eu": zoho,
  "zoho-eu-own-domain": zoho,
  mailcom:
    "Erlauben Sie in den Einstellungen von mail.com POP3 und IMAP; das gehört zu mail.com Premium. Dann geht Ihr gewohntes Passwort.",
  yandex:
    "Erlauben Sie in den Einstellungen von Yandex Mail unter E-Mail-Programme IMAP, und erstellen Sie dann ein App-Passwort für Mail.",
  posteo:
    "Ihr gewohntes Passwort geht. Mit zusätzlichem Postfachschutz erlauben Sie zuerst IMAP in den Einstellungen von Posteo.",
  mailboxorg:
    "Ihr gewohntes Passwort geht, außer bei Anmeldung mit zweitem Faktor: dann erstellen Sie in den Einstellungen unter Sicherheit ein Anwendungspasswort.",
  runbox:
    "Ihr gewohntes Passwort geht, außer bei Anmeldung in zwei Schritten: dann erstellen Sie unter Account Security ein App-Passwort.",
  mailfence:
    "IMAP gehört zu den bezahlten Tarifen. Bei Anmeldung in zwei Schritten erstellen Sie in den Einstellungen ein Passwort für externe Dienste.",
  startmail:
    "Öffnen Sie in den Einstellungen IMAP/SMTP, erlauben Sie andere Programme, und erstellen Sie ein gerätespezifisches Passwort.",
  disroot: "Ihr gewohntes Disroot-Passwort geht.",
  riseup: "Ihr gewohntes Riseup-Passwort geht.",
  migadu:
    "Es gilt das Passwort des Postfachs, nicht das des Migadu-Verwaltungskontos. Eine Identität mit eigenem Passwort geht auch.",
  purelymail:
    "Ihr gewohntes Passwort geht, außer bei Anmeldung mit zweitem Faktor: dann erstellen Sie ein App-Passwort für den Benutzer.",
  infomaniak:
    "Es gilt das Passwort des Postfachs. Bei Anmeldung in zwei Schritten mit einem ik.me-Konto erstellen Sie im Profil ein Anwendungspasswort.",
  gandi: own("Gandi"),
  ovh: own("OVHcloud"),
  hostinger: own("Hostinger"),
  privateemail:
    "Es gilt das Passwort des Postfachs. Bei Anmeldung mit zweitem Faktor erstellen Sie in den Einstellungen des Webmails ein Anwendungspasswort.",
  rackspace: "Es gilt das Passwort des Postfachs.",
  dreamhost: own("DreamHost"),
  hover: own("Hover"),
  godaddy: own("GoDaddy"),
  onecom: own("one.com"),
  gmx: "Erlauben Sie zuerst POP3 und IMAP, in GMX unter E-Mail, Einstellungen. Bei Zwei-Faktor-Anmeldung erstellen Sie ein anwendungsspezifisches Passwort.",
  gmxcom:
    "Erlauben Sie zuerst POP3 und IMAP, in GMX unter E-Mail, Einstellungen. Bei Zwei-Faktor-Anmeldung erstellen Sie ein anwendungsspezifisches Passwort.",
  webde:
    "Erlauben Sie zuerst POP3 und IMAP, in WEB.DE unter E-Mail, Einstellungen. Bei Zwei-Faktor-Anmeldung erstellen Sie ein anwendungsspezifisches Passwort.",
  tonline:
    "Öffnen Sie im E-Mail Center Einstellungen, Passwörter, und legen Sie ein Passwort für E-Mail-Programme fest; Ihr Login-Passwort geht nicht.",
  freenet:
    "Öffnen Sie in den Postfach-Einstellungen POP3/IMAP/SMTP, und schalten Sie es ein; dann geht Ihr gewohntes Passwort.",
  ionos: "Es gilt das Passwort des Postfachs, nicht das des IONOS-Kundenkontos.",
  strato: "Es gilt das Passwort des Postfachs, nicht das des STRATO-Kundenlogins.",
  vodafonede: usual,
  orangefr:
    "Erlauben Sie zuerst in den Einstellungen von Mail Orange Mailprogramme, die nicht von Orange sind; dann geht das Passwort des Postfachs.",
  freefr:
    "Das gewohnte Passwort des Postfachs geht. Zum Senden erlauben Sie in Ihrem Free-Konto das authentifizierte SMTP.",
  laposte:
    "Erlauben Sie in den Einstellungen des Webmails andere Mailprogramme (IMAP); dann geht Ihr gewohntes Passwort.",
  sfr: usual,
  bluewin: usual,
  libero: italian,
  virgilio: italian,
  seznam:
    "Erlauben Sie in den Mail-Einstellungen IMAP. Bei Anmeldung in zwei Schritten erstellen Sie in den Sicherheitseinstellungen ein App-Passwort.",
  wppl: "Erlauben Sie in den Mail-Einstellungen POP3/IMAP/SMTP. Bei Anmeldung in zwei Schritten erstellen Sie ein Passwort für Anwendungen.",
  onet: "Ihr gewohntes Passwort geht, außer bei Anmeldung in zwei Schritten: dann erstellen Sie ein Passwort für Mailprogramme.",
  interia: "Erlauben Sie in den Einstellungen des Postfachs Mailprogramme; dann geht Ihr gewohntes Passwort.",
  telenet: usual,
  kpn: usual,
  ziggo: usual,
  bt: "Ihr gewohntes BT-E-Mail-Passwort geht.",
  virginmedia:
    "Melden Sie sich bei My Virgin Media an, öffnen Sie Account settings, wählen Sie Manage email app password, und holen Sie ein neues.",
  mailru:
    "Öffnen Sie die Sicherheitseinstellungen des Kontos, und erstellen Sie ein Passwort für externe Anwendungen.",
  ukrnet:
    "Erlauben Sie in den Mail-Einstellungen den IMAP-Zugriff, und erstellen Sie das Passwort für Mailprogramme.",
  att: "Melden Sie sich bei Ihrem AT&T-Profil an, öffnen Sie Sign-in info, und erstellen Sie einen Secure Mail Key; er tritt an die Stelle des Passworts.",
  comcast:
    "Erlauben Sie zuerst in den Einstellungen von Xfinity Email unter Security den Zugriff durch Dritte; dann geht Ihr gewohntes Passwort.",
  telstra: usual,
  qq: "Schalten Sie in den Mail-Einstellungen unter Konto IMAP/SMTP ein, und erstellen Sie einen Autorisierungscode; er tritt an die Stelle des Passworts.",
  netease163: netease,
  netease126: netease,
  naver:
    "Aktivieren Sie die Anmeldung in zwei Schritten, erstellen Sie dort ein Anwendungspasswort, und schalten Sie in den Einstellungen von Naver Mail IMAP/SMTP ein.",
  daum: "Schalten Sie in den Einstellungen von Daum Mail IMAP/SMTP ein. Bei Anmeldung in zwei Schritten erstellen Sie ein App-Passwort.",
};
