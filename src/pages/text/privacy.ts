/** The texts of the privacy page, by language. */
import type { Language } from "./language.ts";

const en = {
  title: "Privacy, and what Claude sees",
  lead: "This server connects a mailbox to Claude, or to another program of yours. It hands the password to nobody and keeps no email.",
  sees: {
    title: "What Claude sees",
    items: [
      "The emails and attachments that it opens while it works for you, lists of emails with their senders, recipients, subjects and first words, and the names of your mailboxes.",
      "Your email address and, if your emails have one, your name. Never your password.",
      "What it sees becomes part of your conversation, for which the privacy policy of Claude’s maker holds.",
    ],
    link: { text: "Privacy policy of Anthropic", url: "https://www.anthropic.com/legal/privacy" },
  },
  keeps: {
    title: "What this server keeps",
    items: [
      "Your address, name, mail servers and password, or the permission from your mail company in its place, encrypted under a key that only the program you connected holds: nobody can read them from the disk, not even the operator.",
      "Files that you upload for an email, encrypted, until the email is written, for an hour at most.",
      "Emails that wait for your approval, encrypted, for an hour at most.",
      "Of your passkeys, if you add some, only the public half, encrypted. Your fingerprint or face never leaves your device.",
      "For a day, ids of emails that were changed, so that a change can be undone, and hashes of what was sent, so that nothing is sent twice.",
      "A log for the operator with times and error codes, without addresses, subjects or texts of emails.",
    ],
  },
  goes: {
    title: "Where it goes",
    items: [
      "Your password goes to your mail server. What Claude asks for goes to Claude. Nothing goes to anybody else.",
      "There is no advertising and no tracking. Cookies tie the connect form and the pages of your connections to your browser, and do nothing else.",
    ],
  },
  ends: {
    title: "How long, and how to take it back",
    items: [
      "Until you disconnect in the program’s settings, under Connectors in Claude, or until the connection has not been used for 180 days. Then everything above is deleted.",
      "You can also delete the app password at your mail provider: nothing gets into your mailbox with it after that.",
    ],
  },
  contact: {
    title: "Contact",
    runBy: (operator: string) => `This server is run by ${operator}.`,
    unnamed: "The operator of this server has not given a name here.",
  },
};

type PrivacyTexts = typeof en;

const de: PrivacyTexts = {
  title: "Datenschutz, und was Claude sieht",
  lead: "Dieser Server verbindet ein Postfach mit Claude oder mit einem anderen Ihrer Programme. Das Passwort gibt er niemandem, und E-Mails bewahrt er nicht auf.",
  sees: {
    title: "Was Claude sieht",
    items: [
      "Die E-Mails und Anhänge, die es bei der Arbeit für Sie öffnet, Listen von E-Mails mit Absendern, Empfängern, Betreff und ersten Wörtern, und die Namen Ihrer Ordner.",
      "Ihre E-Mail-Adresse und, wenn er in Ihren E-Mails steht, Ihren Namen. Nie Ihr Passwort.",
      "Was es sieht, wird Teil Ihres Gesprächs; dafür gilt die Datenschutzerklärung des Herstellers von Claude.",
    ],
    link: { text: "Datenschutzerklärung von Anthropic", url: "https://www.anthropic.com/legal/privacy" },
  },
  keeps: {
    title: "Was dieser Server aufbewahrt",
    items: [
      "Adresse, Name, Mailserver und Passwort oder an dessen Stelle die Erlaubnis Ihres Anbieters, verschlüsselt mit einem Schlüssel, den nur das verbundene Programm hat: Von der Festplatte kann sie niemand lesen, auch nicht die Person, die den Server betreibt.",
      "Dateien, die Sie für eine E-Mail hochladen, verschlüsselt, bis die E-Mail geschrieben ist, höchstens eine Stunde.",
      "E-Mails, die auf Ihre Freigabe warten, verschlüsselt, höchstens eine Stunde.",
      "Von Ihren Passkeys, wenn Sie welche hinzufügen, nur die öffentliche Hälfte, verschlüsselt. Fingerabdruck und Gesicht verlassen Ihr Gerät nie.",
      "Einen Tag lang Kennungen geänderter E-Mails, damit sich eine Änderung rückgängig machen lässt, und Prüfwerte des Gesendeten, damit nichts zweimal gesendet wird.",
      "Ein Protokoll für den Betrieb mit Zeiten und Fehlercodes, ohne Adressen, Betreffzeilen oder Texte von E-Mails.",
    ],
  },
  goes: {
    title: "Wohin es geht",
    items: [
      "Ihr Passwort geht an Ihren Mailserver. Was Claude verlangt, geht an Claude. Sonst geht nichts an irgendjemanden.",
      "Es gibt keine Werbung und keine Nachverfolgung. Cookies binden das Formular und die Seiten Ihrer Verbindungen an Ihren Browser und tun sonst nichts.",
    ],
  },
  ends: {
    title: "Wie lange, und wie Sie es zurücknehmen",
    items: [
      "Bis Sie die Verbindung in den Einstellungen des Programms trennen, in Claude unter Connectors, oder bis sie 180 Tage lang nicht benutzt wurde. Dann wird alles oben Genannte gelöscht.",
      "Sie können auch das App-Passwort beim Anbieter löschen: Danach kommt damit nichts mehr in Ihr Postfach.",
    ],
  },
  contact: {
    title: "Kontakt",
    runBy: (operator) => `Dieser Server wird betrieben von ${operator}.`,
    unnamed: "Wer diesen Server betreibt, ist hier nicht angegeben.",
  },
};

const fr: PrivacyTexts = {
  title: "Confidentialité, et ce que voit Claude",
  lead: "Ce serveur relie une boîte mail à Claude, ou à un autre de vos programmes. Il ne donne le mot de passe à personne et ne garde aucun e-mail.",
  sees: {
    title: "Ce que voit Claude",
    items: [
      "Les e-mails et pièces jointes qu’il ouvre en travaillant pour vous, des listes d’e-mails avec expéditeurs, destinataires, objets et premiers mots, et les noms de vos dossiers.",
      "Votre adresse e-mail et, si vos e-mails le portent, votre nom. Jamais votre mot de passe.",
      "Ce qu’il voit devient une partie de votre conversation, à laquelle s’applique la politique de confidentialité de l’éditeur de Claude.",
    ],
    link: {
      text: "Politique de confidentialité d’Anthropic",
      url: "https://www.anthropic.com/legal/privacy",
    },
  },
  keeps: {
    title: "Ce que garde ce serveur",
    items: [
      "Votre adresse, votre nom, vos serveurs et votre mot de passe, ou à sa place la permission de votre fournisseur, chiffrés sous une clé que seul le programme connecté détient : personne ne peut les lire sur le disque, pas même la personne qui gère le serveur.",
      "Les fichiers que vous déposez pour un e-mail, chiffrés, jusqu’à ce que l’e-mail soit écrit, une heure au plus.",
      "Les e-mails qui attendent votre accord, chiffrés, une heure au plus.",
      "De vos clés d’accès, si vous en ajoutez, seulement la moitié publique, chiffrée. Votre empreinte et votre visage ne quittent jamais votre appareil.",
      "Pendant un jour, les identifiants des e-mails modifiés, pour pouvoir annuler une modification, et des empreintes de ce qui a été envoyé, pour que rien ne parte deux fois.",
      "Un journal pour la gestion, avec des heures et des codes d’erreur, sans adresses, objets ni textes d’e-mails.",
    ],
  },
  goes: {
    title: "Où cela va",
    items: [
      "Votre mot de passe va à votre serveur de messagerie. Ce que Claude demande va à Claude. Rien ne va à personne d’autre.",
      "Il n’y a ni publicité ni suivi. Des cookies lient le formulaire et les pages de vos connexions à votre navigateur, et ne font rien d’autre.",
    ],
  },
  ends: {
    title: "Combien de temps, et comment revenir en arrière",
    items: [
      "Jusqu’à ce que vous déconnectiez la boîte dans les réglages du programme, sous Connectors dans Claude, ou jusqu’à ce que la connexion n’ait pas servi pendant 180 jours. Tout ce qui précède est alors supprimé.",
      "Vous pouvez aussi supprimer le mot de passe d’application chez votre fournisseur : rien n’entre plus avec lui dans votre boîte.",
    ],
  },
  contact: {
    title: "Contact",
    runBy: (operator) => `Ce serveur est géré par ${operator}.`,
    unnamed: "La personne qui gère ce serveur n’a pas donné de nom ici.",
  },
};

const texts: Readonly<Record<Language, PrivacyTexts>> = { en, de, fr };

export const privacyTextsFor = (language: Language): PrivacyTexts => texts[language];
