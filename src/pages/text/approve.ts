/** The texts of the approval page, by language. */
import type { Language } from "./language.ts";

const emailsEn = (count: number) => (count === 1 ? "this email" : `these ${count} emails`);

const en = {
  title: {
    send: "Send this email?",
    erase: "Delete these emails?",
    answer: "Send this answer?",
    unsubscribe: "Send this unsubscription?",
  },
  proveFirst:
    "Claude has prepared something for you to decide. To see it, show that the mailbox is yours: use the browser in which you connected it, or prove it here.",
  proveToDecide: "To decide, prove that the mailbox is yours.",
  notDone: "It was not done:",
  overLimit: (at: string) =>
    `Too many emails were sent already: the next may go at ${at}. This one keeps waiting; press Send again then.`,
  account: (address: string) => `Mailbox: ${address}`,
  from: "From",
  to: "To",
  cc: "Cc",
  bcc: "Bcc",
  subject: "Subject",
  noSubject: "(no subject)",
  newPerson: "You have never written to this address.",
  newDomain: "You have never written to anybody there.",
  address: "Address",
  oneClick: (host: string) =>
    `Claude wants to leave this mailing list by one request to ${host}. It says only "unsubscribe": nothing of your mailbox goes along.`,
  asked: (host: string) => `${host} took the request.`,
  formattedDiffers:
    "Careful: this email has two texts. Most recipients see the following one, not the one above.",
  attachments: (count: number) => (count === 1 ? "1 attachment" : `${count} attachments`),
  moreLines: (lines: number, characters: number) =>
    `${lines === 1 ? "1 more line" : `${lines} more lines`} (${characters} characters)`,
  moreEmails: (count: number) => (count === 1 ? "1 more email" : `${count} more emails`),
  erases: (count: number) => `Claude wants to erase ${emailsEn(count)} forever. Uncheck what is to stay.`,
  trashes: (count: number) =>
    `Claude wants to move ${emailsEn(count)} to the trash. Your mail server does not tell where they go, so undo does not work here. Uncheck what is to stay.`,
  confirm: { send: "Send", erase: "Delete", answer: "Send", unsubscribe: "Unsubscribe" },
  edit: "Keep as a draft",
  decline: "Decline",
  states: {
    waiting: {
      title: "One moment",
      text: "This is still being prepared. Load the page again in a few seconds.",
    },
    deciding: { title: "In progress", text: "You have decided. It is being done now." },
    done: { title: "Done", text: "It was done as you approved it. You can close this page." },
    maybe_done: {
      title: "It may have been done",
      text: "The connection ended before the mail server answered. It will not be done again: look into your mailbox.",
    },
    failed: { title: "It was not done", text: "You can try again within the hour." },
    kept_as_draft: {
      title: "Kept as a draft",
      text: "It was not sent. You find it in your drafts.",
    },
    declined: { title: "Declined", text: "Nothing was done, and nothing will be." },
    expired: {
      title: "This has expired",
      text: "Nothing was done. It waits for an hour at most: ask Claude to prepare it again.",
    },
  },
  sentTo: (addresses: string) => `Sent to: ${addresses}`,
  refused: (address: string) => `Not sent to ${address}: the mail server refused it.`,
  erased: (count: number) => (count === 1 ? "1 email was deleted." : `${count} emails were deleted.`),
  notErased: (count: number) =>
    count === 1 ? "1 email could not be deleted." : `${count} emails could not be deleted.`,
};

export type ApproveTexts = typeof en;

const emailsDe = (count: number) => (count === 1 ? "diese E-Mail" : `diese ${count} E-Mails`);

const de: ApproveTexts = {
  title: {
    send: "Diese E-Mail senden?",
    erase: "Diese E-Mails löschen?",
    answer: "Diese Antwort senden?",
    unsubscribe: "Diese Abmeldung senden?",
  },
  proveFirst:
    "Claude hat etwas vorbereitet, worüber Sie entscheiden. Um es zu sehen, zeigen Sie, dass das Postfach Ihres ist: Benutzen Sie den Browser, in dem Sie es verbunden haben, oder weisen Sie es hier nach.",
  proveToDecide: "Um zu entscheiden, weisen Sie nach, dass das Postfach Ihres ist.",
  notDone: "Es wurde nicht ausgeführt:",
  overLimit: (at) =>
    `Es wurden schon zu viele E-Mails gesendet: Die nächste darf um ${at} gehen. Diese wartet weiter; drücken Sie dann noch einmal auf Senden.`,
  account: (address) => `Postfach: ${address}`,
  from: "Von",
  to: "An",
  cc: "Cc",
  bcc: "Bcc",
  subject: "Betreff",
  noSubject: "(kein Betreff)",
  newPerson: "An diese Adresse haben Sie noch nie geschrieben.",
  newDomain: "Dorthin haben Sie noch nie geschrieben.",
  address: "Adresse",
  oneClick: (host) =>
    `Claude möchte diese Mailingliste durch eine Anfrage an ${host} verlassen. Sie sagt nur „abmelden“: Aus Ihrem Postfach geht nichts mit.`,
  asked: (host) => `${host} hat die Anfrage angenommen.`,
  formattedDiffers:
    "Vorsicht: Diese E-Mail hat zwei Texte. Die meisten Empfänger sehen den folgenden, nicht den oben.",
  attachments: (count) => (count === 1 ? "1 Anhang" : `${count} Anhänge`),
  moreLines: (lines, characters) =>
    `${lines === 1 ? "1 weitere Zeile" : `${lines} weitere Zeilen`} (${characters} Zeichen)`,
  moreEmails: (count) => (count === 1 ? "1 weitere E-Mail" : `${count} weitere E-Mails`),
  erases: (count) =>
    `Claude möchte ${emailsDe(count)} endgültig löschen. Entfernen Sie das Häkchen bei dem, was bleiben soll.`,
  trashes: (count) =>
    `Claude möchte ${emailsDe(count)} in den Papierkorb legen. Ihr Mailserver sagt nicht, wohin sie kommen; das lässt sich deshalb nicht rückgängig machen. Entfernen Sie das Häkchen bei dem, was bleiben soll.`,
  confirm: { send: "Senden", erase: "Löschen", answer: "Senden", unsubscribe: "Abmelden" },
  edit: "Als Entwurf behalten",
  decline: "Ablehnen",
  states: {
    waiting: {
      title: "Einen Moment",
      text: "Das wird noch vorbereitet. Laden Sie die Seite in einigen Sekunden neu.",
    },
    deciding: { title: "Wird ausgeführt", text: "Sie haben entschieden. Es wird gerade ausgeführt." },
    done: {
      title: "Erledigt",
      text: "Es wurde ausgeführt, wie Sie es freigegeben haben. Sie können diese Seite schließen.",
    },
    maybe_done: {
      title: "Vielleicht ausgeführt",
      text: "Die Verbindung endete, bevor der Mailserver geantwortet hat. Es wird nicht noch einmal ausgeführt: Sehen Sie in Ihrem Postfach nach.",
    },
    failed: {
      title: "Nicht ausgeführt",
      text: "Sie können es innerhalb der Stunde noch einmal versuchen.",
    },
    kept_as_draft: {
      title: "Als Entwurf behalten",
      text: "Es wurde nicht gesendet. Sie finden es in Ihren Entwürfen.",
    },
    declined: { title: "Abgelehnt", text: "Nichts wurde ausgeführt, und nichts wird es." },
    expired: {
      title: "Das ist abgelaufen",
      text: "Nichts wurde ausgeführt. Es wartet höchstens eine Stunde: Bitten Sie Claude, es neu vorzubereiten.",
    },
  },
  sentTo: (addresses) => `Gesendet an: ${addresses}`,
  refused: (address) => `Nicht gesendet an ${address}: Der Mailserver hat es abgelehnt.`,
  erased: (count) => (count === 1 ? "1 E-Mail wurde gelöscht." : `${count} E-Mails wurden gelöscht.`),
  notErased: (count) =>
    count === 1
      ? "1 E-Mail konnte nicht gelöscht werden."
      : `${count} E-Mails konnten nicht gelöscht werden.`,
};

const emailsFr = (count: number) => (count === 1 ? "cet e-mail" : `ces ${count} e-mails`);

const fr: ApproveTexts = {
  title: {
    send: "Envoyer cet e-mail ?",
    erase: "Supprimer ces e-mails ?",
    answer: "Envoyer cette réponse ?",
    unsubscribe: "Envoyer cette désinscription ?",
  },
  proveFirst:
    "Claude a préparé quelque chose que vous devez décider. Pour le voir, montrez que la boîte est la vôtre : utilisez le navigateur où vous l’avez connectée, ou prouvez-le ici.",
  proveToDecide: "Pour décider, prouvez que la boîte est la vôtre.",
  notDone: "Cela n’a pas été fait :",
  overLimit: (at) =>
    `Trop d’e-mails ont déjà été envoyés : le prochain peut partir à ${at}. Celui-ci attend toujours ; appuyez de nouveau sur Envoyer à ce moment.`,
  account: (address) => `Boîte : ${address}`,
  from: "De",
  to: "À",
  cc: "Cc",
  bcc: "Cci",
  subject: "Objet",
  noSubject: "(sans objet)",
  newPerson: "Vous n’avez jamais écrit à cette adresse.",
  newDomain: "Vous n’avez jamais écrit à personne de ce domaine.",
  address: "Adresse",
  oneClick: (host) =>
    `Claude souhaite quitter cette liste de diffusion par une requête à ${host}. Elle dit seulement « se désinscrire » : rien de votre boîte ne l’accompagne.`,
  asked: (host) => `${host} a accepté la requête.`,
  formattedDiffers:
    "Attention : cet e-mail a deux textes. La plupart des destinataires voient le suivant, pas celui du dessus.",
  attachments: (count) => (count === 1 ? "1 pièce jointe" : `${count} pièces jointes`),
  moreLines: (lines, characters) =>
    `${lines === 1 ? "1 ligne de plus" : `${lines} lignes de plus`} (${characters} caractères)`,
  moreEmails: (count) => (count === 1 ? "1 e-mail de plus" : `${count} e-mails de plus`),
  erases: (count) => `Claude veut effacer ${emailsFr(count)} pour toujours. Décochez ce qui doit rester.`,
  trashes: (count) =>
    `Claude veut mettre ${emailsFr(count)} à la corbeille. Votre serveur ne dit pas où ils vont : cela ne peut donc pas être annulé. Décochez ce qui doit rester.`,
  confirm: { send: "Envoyer", erase: "Supprimer", answer: "Envoyer", unsubscribe: "Se désinscrire" },
  edit: "Garder comme brouillon",
  decline: "Refuser",
  states: {
    waiting: {
      title: "Un instant",
      text: "C’est encore en préparation. Rechargez la page dans quelques secondes.",
    },
    deciding: { title: "En cours", text: "Vous avez décidé. C’est en cours d’exécution." },
    done: {
      title: "C’est fait",
      text: "Cela a été fait comme vous l’avez approuvé. Vous pouvez fermer cette page.",
    },
    maybe_done: {
      title: "C’est peut-être fait",
      text: "La connexion s’est terminée avant la réponse du serveur. Cela ne sera pas refait : regardez dans votre boîte.",
    },
    failed: { title: "Cela n’a pas été fait", text: "Vous pouvez réessayer dans l’heure." },
    kept_as_draft: {
      title: "Gardé comme brouillon",
      text: "Rien n’a été envoyé. Vous le trouvez dans vos brouillons.",
    },
    declined: { title: "Refusé", text: "Rien n’a été fait, et rien ne le sera." },
    expired: {
      title: "Cela a expiré",
      text: "Rien n’a été fait. Cela attend une heure au plus : demandez à Claude de le préparer de nouveau.",
    },
  },
  sentTo: (addresses) => `Envoyé à : ${addresses}`,
  refused: (address) => `Pas envoyé à ${address} : le serveur de messagerie l’a refusé.`,
  erased: (count) => (count === 1 ? "1 e-mail a été supprimé." : `${count} e-mails ont été supprimés.`),
  notErased: (count) =>
    count === 1 ? "1 e-mail n’a pas pu être supprimé." : `${count} e-mails n’ont pas pu être supprimés.`,
};

const texts: Readonly<Record<Language, ApproveTexts>> = { en, de, fr };

export const approveTextsFor = (language: Language): ApproveTexts => texts[language];
