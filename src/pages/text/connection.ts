/** The texts of the person's own pages, by language. */
import type { Language } from "./language.ts";

const countEn = (count: number, one: string, many: string) => (count === 1 ? one : `${count} ${many}`);

const en = {
  listTitle: "Your connections",
  howToGetHere:
    "This browser knows no connection. Open this page in the browser in which you connected a mailbox, or follow the link of something that waits for you and enter an app password there.",
  title: (host: string) => `Connection with ${host}`,
  readOnly: "without sending",
  addAccount: "Add a mailbox",
  removeAccount: "Remove",
  removeAddress: (address: string) => `Remove ${address}: Claude loses this mailbox at once`,
  backWithout: "Back without adding a mailbox",
  waiting: "Waiting for you",
  nothingWaits: "Nothing waits for you.",
  until: (time: string) => `until ${time}`,
  emails: (count: number) => countEn(count, "1 email", "emails"),
  changeLevel: "Change",
  more: "Allow more",
  moreHint: "To allow more than now, to add a mailbox or to change passkeys, first show that this is yours.",
  private: "Private mailboxes",
  signature: "Signature",
  signatureHint: "The signature that recurs in your sent emails is added to what Claude writes for you.",
  sign: (address: string) => `Sign emails from ${address}`,
  saveSignature: "Save",
  privateHint: "Claude does not see these mailboxes, nor those beneath them: for Claude they do not exist.",
  privateNames: "Names of the mailboxes, one per line",
  privateUnknown: (names: string) =>
    `No connected account has this mailbox, or it cannot be private: ${names}. Write the name as your mail program shows it, with the levels above it.`,
  choosePrivate: "Choose private mailboxes",
  changePrivate: "Keep these private",
  deeds: "What Claude did in the last day",
  noDeeds: "Nothing was sent or changed.",
  deed: {
    sent: (count: number) => `Sent an email to ${countEn(count, "one person", "people")}`,
    maybe_sent: (count: number) => `May have sent an email to ${countEn(count, "one person", "people")}`,
    moved: (count: number) => `Moved ${countEn(count, "1 email", "emails")}`,
    marked: (count: number) => `Marked ${countEn(count, "1 email", "emails")}`,
    erased: (count: number) => `Erased ${countEn(count, "1 email", "emails")} forever`,
  },
  undo: "Put back",
  isUndone: "Put back.",
  since: "Connected since",
  lastUsed: "Last used",
  failedGuesses: (count: number) =>
    `${countEn(count, "One attempt", "attempts")} to connect with a wrong password came in the day before you connected.`,
  wrongProofs: (count: number) =>
    `${countEn(count, "One wrong password was", "wrong passwords were")} entered on the pages of this connection in the last day.`,
  end: "End this connection",
  endHint: "Claude loses access at once, and the stored password is deleted.",
  told: {
    changed: "Changed. It takes effect at once.",
    undone: "Put back.",
    not_undone: "Not all of it could be put back.",
    needs_proof: "This allows more than now: show below that this is yours, then choose again.",
    connect_again:
      "This connection cannot be given more: connect the mailbox again in Claude and choose there.",
    last_account: "The last mailbox stays: end the connection instead.",
  },
  endedTitle: "The connection has ended",
  ended: "Claude has no access any more, and what was stored for it is deleted.",
};

export type ConnectionTexts = typeof en;

const de: ConnectionTexts = {
  listTitle: "Ihre Verbindungen",
  howToGetHere:
    "Dieser Browser kennt keine Verbindung. Öffnen Sie diese Seite in dem Browser, in dem Sie ein Postfach verbunden haben, oder folgen Sie dem Link zu etwas, das auf Sie wartet, und geben Sie dort ein App-Passwort ein.",
  title: (host) => `Verbindung mit ${host}`,
  readOnly: "ohne Senden",
  addAccount: "Postfach hinzufügen",
  removeAccount: "Entfernen",
  removeAddress: (address) => `${address} entfernen: Claude verliert dieses Postfach sofort`,
  backWithout: "Zurück, ohne ein Postfach hinzuzufügen",
  waiting: "Wartet auf Sie",
  nothingWaits: "Nichts wartet auf Sie.",
  until: (time) => `bis ${time}`,
  emails: (count) => countEn(count, "1 E-Mail", "E-Mails"),
  changeLevel: "Ändern",
  more: "Mehr erlauben",
  moreHint:
    "Um mehr als jetzt zu erlauben, ein Postfach hinzuzufügen oder Passkeys zu ändern, zeigen Sie zuerst, dass dies Ihres ist.",
  private: "Private Ordner",
  signature: "Signatur",
  signatureHint:
    "Die Signatur, die in Ihren gesendeten E-Mails wiederkehrt, steht auch unter dem, was Claude für Sie schreibt.",
  sign: (address) => `E-Mails von ${address} unterschreiben`,
  saveSignature: "Speichern",
  privateHint: "Claude sieht diese Ordner und die darunter nicht: Für Claude gibt es sie nicht.",
  privateNames: "Namen der Ordner, einer pro Zeile",
  privateUnknown: (names) =>
    `Kein verbundenes Postfach hat diesen Ordner, oder er kann nicht privat sein: ${names}. Schreiben Sie den Namen, wie Ihr Mailprogramm ihn zeigt, mit den Ebenen darüber.`,
  choosePrivate: "Private Ordner wählen",
  changePrivate: "Diese privat halten",
  deeds: "Was Claude im letzten Tag getan hat",
  noDeeds: "Es wurde nichts gesendet und nichts geändert.",
  deed: {
    sent: (count) => `E-Mail an ${countEn(count, "eine Person", "Personen")} gesendet`,
    maybe_sent: (count) => `E-Mail an ${countEn(count, "eine Person", "Personen")} vielleicht gesendet`,
    moved: (count) => `${countEn(count, "1 E-Mail", "E-Mails")} verschoben`,
    marked: (count) => `${countEn(count, "1 E-Mail", "E-Mails")} markiert`,
    erased: (count) => `${countEn(count, "1 E-Mail", "E-Mails")} endgültig gelöscht`,
  },
  undo: "Zurücknehmen",
  isUndone: "Zurückgenommen.",
  since: "Verbunden seit",
  lastUsed: "Zuletzt benutzt",
  failedGuesses: (count) =>
    `Am Tag, bevor Sie verbunden haben, gab es ${countEn(count, "einen Versuch", "Versuche")} mit einem falschen Passwort.`,
  wrongProofs: (count) =>
    `Auf den Seiten dieser Verbindung gab es im letzten Tag ${countEn(count, "ein falsches Passwort", "falsche Passwörter")}.`,
  end: "Diese Verbindung beenden",
  endHint: "Claude verliert sofort den Zugang, und das gespeicherte Passwort wird gelöscht.",
  told: {
    changed: "Geändert. Es gilt sofort.",
    undone: "Zurückgenommen.",
    not_undone: "Nicht alles konnte zurückgenommen werden.",
    needs_proof:
      "Das erlaubt mehr als jetzt: Zeigen Sie unten, dass dies Ihres ist, und wählen Sie noch einmal.",
    connect_again:
      "Diese Verbindung kann nicht mehr bekommen: Verbinden Sie das Postfach in Claude neu und wählen Sie dort.",
    last_account: "Das letzte Postfach bleibt: Beenden Sie stattdessen die Verbindung.",
  },
  endedTitle: "Die Verbindung ist beendet",
  ended: "Claude hat keinen Zugang mehr, und was dafür gespeichert war, ist gelöscht.",
};

const fr: ConnectionTexts = {
  listTitle: "Vos connexions",
  howToGetHere:
    "Ce navigateur ne connaît aucune connexion. Ouvrez cette page dans le navigateur où vous avez connecté une boîte, ou suivez le lien de ce qui vous attend et saisissez-y un mot de passe d’application.",
  title: (host) => `Connexion avec ${host}`,
  readOnly: "sans envoi",
  addAccount: "Ajouter une boîte",
  removeAccount: "Retirer",
  removeAddress: (address) => `Retirer ${address} : Claude perd cette boîte aussitôt`,
  backWithout: "Revenir sans ajouter de boîte",
  waiting: "En attente de votre décision",
  nothingWaits: "Rien ne vous attend.",
  until: (time) => `jusqu’à ${time}`,
  emails: (count) => countEn(count, "1 e-mail", "e-mails"),
  changeLevel: "Modifier",
  more: "Permettre davantage",
  moreHint:
    "Pour permettre plus que maintenant, ajouter une boîte ou changer des clés d’accès, montrez d’abord que ceci est à vous.",
  private: "Dossiers privés",
  signature: "Signature",
  signatureHint:
    "La signature qui revient dans vos e-mails envoyés est ajoutée à ce que Claude écrit pour vous.",
  sign: (address) => `Signer les e-mails de ${address}`,
  saveSignature: "Enregistrer",
  privateHint:
    "Claude ne voit pas ces dossiers ni ceux qu’ils contiennent : pour Claude, ils n’existent pas.",
  privateNames: "Noms des dossiers, un par ligne",
  privateUnknown: (names) =>
    `Aucune boîte connectée n’a ce dossier, ou il ne peut pas être privé : ${names}. Écrivez le nom comme votre programme de messagerie le montre, avec les niveaux au-dessus.`,
  choosePrivate: "Choisir des dossiers privés",
  changePrivate: "Garder ceux-ci privés",
  deeds: "Ce que Claude a fait ces dernières vingt-quatre heures",
  noDeeds: "Rien n’a été envoyé ni modifié.",
  deed: {
    sent: (count) => `E-mail envoyé à ${countEn(count, "une personne", "personnes")}`,
    maybe_sent: (count) => `E-mail peut-être envoyé à ${countEn(count, "une personne", "personnes")}`,
    moved: (count) => `${countEn(count, "1 e-mail déplacé", "e-mails déplacés")}`,
    marked: (count) => `${countEn(count, "1 e-mail marqué", "e-mails marqués")}`,
    erased: (count) => `${countEn(count, "1 e-mail effacé", "e-mails effacés")} pour toujours`,
  },
  undo: "Annuler",
  isUndone: "Annulé.",
  since: "Connectée depuis",
  lastUsed: "Dernière utilisation",
  failedGuesses: (count) =>
    `${countEn(count, "Une tentative", "tentatives")} avec un mot de passe erroné la veille de votre connexion.`,
  wrongProofs: (count) =>
    `${countEn(count, "Un mot de passe erroné", "mots de passe erronés")} sur les pages de cette connexion ces dernières vingt-quatre heures.`,
  end: "Mettre fin à cette connexion",
  endHint: "Claude perd l’accès aussitôt, et le mot de passe conservé est supprimé.",
  told: {
    changed: "Modifié. Cela vaut tout de suite.",
    undone: "Annulé.",
    not_undone: "Tout n’a pas pu être annulé.",
    needs_proof:
      "Cela permet plus que maintenant : montrez ci-dessous que ceci est à vous, puis choisissez de nouveau.",
    connect_again:
      "Cette connexion ne peut pas recevoir davantage : reconnectez la boîte dans Claude et choisissez-y.",
    last_account: "La dernière boîte reste : mettez plutôt fin à la connexion.",
  },
  endedTitle: "La connexion est terminée",
  ended: "Claude n’a plus accès, et ce qui était conservé pour lui est supprimé.",
};

const texts: Readonly<Record<Language, ConnectionTexts>> = { en, de, fr };

export const connectionTextsFor = (language: Language): ConnectionTexts => texts[language];
