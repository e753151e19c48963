/**
 * The texts of the card in a conversation, by language. Its document has those that it needs on its own; the others, which
 * are mostly those of the approval page, come along with what it shows, so that the document stays small. "#" is a number.
 */
import { approveTextsFor } from "./approve.ts";
import { type Language, languages } from "./language.ts";

/** The texts of the document. */
export const cardTexts = {
  en: {
    preparing: "Claude is preparing this.",
    nothing: "Nothing waits for you here.",
    unseen:
      "Claude has prepared something. See exactly what it is, and decide, on the page of your mail server.",
    cannot: "It could not be decided here. Open the page.",
    goOn: "Decide on the page that opened. Then go on here.",
    open: "Open the page",
  },
  de: {
    preparing: "Claude bereitet das vor.",
    nothing: "Hier wartet nichts auf Sie.",
    unseen:
      "Claude hat etwas vorbereitet. Sehen Sie auf der Seite Ihres Mailservers genau, was es ist, und entscheiden Sie dort.",
    cannot: "Das ließ sich hier nicht entscheiden. Öffnen Sie die Seite.",
    goOn: "Entscheiden Sie auf der Seite, die sich geöffnet hat. Danach geht es hier weiter.",
    open: "Seite öffnen",
  },
  fr: {
    preparing: "Claude prépare cela.",
    nothing: "Rien ne vous attend ici.",
    unseen:
      "Claude a préparé quelque chose. Voyez exactement ce que c’est, et décidez, sur la page de votre serveur.",
    cannot: "Cela n’a pas pu être décidé ici. Ouvrez la page.",
    goOn: "Décidez sur la page qui s’est ouverte. Continuez ensuite ici.",
    open: "Ouvrir la page",
  },
} as const satisfies Record<Language, object>;

const ofContent = {
  en: {
    tooLong: "This is too long to show here. See all of it, and decide, on the page.",
    files: "Attachments: #",
    erased: "To be erased forever: #. Uncheck what is to stay.",
    trashed: "To be moved to the trash without a way back: #. Uncheck what is to stay.",
    below: "Below: # lines, # characters",
    belowEmails: "Below: # emails",
    part: "Part # of #",
    back: "Back",
    next: "Next",
  },
  de: {
    tooLong:
      "Das ist zu lang, um es hier zu zeigen. Sehen Sie alles auf der Seite, und entscheiden Sie dort.",
    files: "Anhänge: #",
    erased: "Wird endgültig gelöscht: #. Entfernen Sie das Häkchen bei dem, was bleiben soll.",
    trashed: "Kommt ohne Rückweg in den Papierkorb: #. Entfernen Sie das Häkchen bei dem, was bleiben soll.",
    below: "Darunter: # Zeilen, # Zeichen",
    belowEmails: "Darunter: # E-Mails",
    part: "Teil # von #",
    back: "Zurück",
    next: "Weiter",
  },
  fr: {
    tooLong: "C’est trop long pour être montré ici. Voyez tout, et décidez, sur la page.",
    files: "Pièces jointes : #",
    erased: "À effacer pour toujours : #. Décochez ce qui doit rester.",
    trashed: "À mettre à la corbeille sans retour : #. Décochez ce qui doit rester.",
    below: "En dessous : # lignes, # caractères",
    belowEmails: "En dessous : # e-mails",
    part: "Partie # sur #",
    back: "Retour",
    next: "Suite",
  },
} as const satisfies Record<Language, object>;

type CardKind = "send" | "erase" | "answer" | "unsubscribe";

function toTexts(language: Language, kind: CardKind) {
  const { title, confirm, states, account, overLimit, oneClick, ...page } = approveTextsFor(language);
  const { from, to, cc, bcc, subject, noSubject, newPerson, formattedDiffers, edit, decline } = page;
  const { address, newDomain, notDone } = page;
  return {
    ...ofContent[language],
    ...{ from, to, cc, bcc, subject, noSubject, newPerson, formattedDiffers, edit, decline },
    ...{ address, newDomain, notDone },
    title: title[kind],
    confirm: confirm[kind],
    account: account("#"),
    overLimit: overLimit("#"),
    oneClick: oneClick("#"),
    states: Object.fromEntries(Object.entries(states).map(([state, words]) => [state, words.title])),
  };
}

/** The texts for the content of a card of this kind, by language. */
export const cardTextsFor = (kind: CardKind) =>
  Object.fromEntries(languages.map((language) => [language, toTexts(language, kind)]));
