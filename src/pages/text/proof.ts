/** The texts of the form in which a person proves a password, by language. */
import type { Language } from "./language.ts";

const en = {
  account: "Mailbox",
  password: "App password",
  hint: "Any app password of the mailbox counts, also a new one. It is used for one sign-in and is not stored.",
  submit: "Continue",
  problems: {
    wrong: "The mail server did not accept this password.",
    too_many:
      "Too many wrong passwords. Decide in the browser in which you connected the mailbox, or with a passkey.",
    failed: "The password could not be tried just now. Nothing is wrong with it: try again in a minute.",
  },
  wait: (minutes: number) => `Try again in ${minutes === 1 ? "a minute" : `${minutes} minutes`}.`,
};

type ProofTexts = typeof en;

const de: ProofTexts = {
  account: "Postfach",
  password: "App-Passwort",
  hint: "Jedes App-Passwort des Postfachs gilt, auch ein neues. Es wird für eine Anmeldung benutzt und nicht gespeichert.",
  submit: "Weiter",
  problems: {
    wrong: "Der Mailserver hat dieses Passwort nicht angenommen.",
    too_many:
      "Zu viele falsche Passwörter. Entscheiden Sie in dem Browser, in dem Sie das Postfach verbunden haben, oder mit einem Passkey.",
    failed:
      "Das Passwort konnte gerade nicht geprüft werden. Es liegt nicht am Passwort: Versuchen Sie es in einer Minute noch einmal.",
  },
  wait: (minutes) =>
    `Versuchen Sie es in ${minutes === 1 ? "einer Minute" : `${minutes} Minuten`} noch einmal.`,
};

const fr: ProofTexts = {
  account: "Boîte aux lettres",
  password: "Mot de passe d’application",
  hint: "Tout mot de passe d’application de la boîte convient, même un nouveau. Il sert à une seule connexion et n’est pas conservé.",
  submit: "Continuer",
  problems: {
    wrong: "Le serveur de messagerie n’a pas accepté ce mot de passe.",
    too_many:
      "Trop de mots de passe erronés. Décidez dans le navigateur où vous avez connecté la boîte, ou avec une clé d’accès.",
    failed:
      "Le mot de passe n’a pas pu être essayé pour l’instant. Il n’est pas en cause : réessayez dans une minute.",
  },
  wait: (minutes) => `Réessayez dans ${minutes === 1 ? "une minute" : `${minutes} minutes`}.`,
};

const texts: Readonly<Record<Language, ProofTexts>> = { en, de, fr };

export const proofTextsFor = (language: Language): ProofTexts => texts[language];
