/** The texts about passkeys, by language. */
import type { Language } from "./language.ts";

const en = {
  title: "Passkeys",
  about:
    "A passkey is your fingerprint, your face or the PIN of your device. With it you approve what Claude prepares.",
  /** A browser agent has the cookies of the browser in which it acts. */
  why: "A program that acts in this browser has its cookies, and could press Send in your name. It cannot use your passkey: choose “each time” to stop it.",
  prove: "To add or remove one, first show above, under “Allow more”, that this is yours.",
  offer: "Approve with a passkey",
  add: "Add a passkey",
  added: "The passkey was added.",
  count: (count: number) => (count === 1 ? "1 passkey is registered." : `${count} passkeys are registered.`),
  full: "A connection has at most five passkeys: remove one first.",
  eachTime: "Ask for it each time",
  eachTimeHint:
    "Nothing else can approve or decline then. If you lose your passkeys, you can only end the connection and connect again.",
  saveEachTime: "Save",
  row: (number: number) => `Passkey ${number}`,
  registered: (time: string) => `added ${time}`,
  used: (time: string) => `last used ${time}`,
  remove: "Remove",
  use: "Use your passkey",
  toSee: "Or use your passkey to see it.",
  toDecide: "Your passkey is asked for when you decide.",
  instead: "Prove it another way",
  waiting: "Follow what your browser asks.",
  /** The dialog was closed, or the device did not recognize the person. */
  refused: "The passkey was not used. You can try again.",
  known: "This device has a passkey for this connection already.",
  failed: "The passkey was not accepted. Try again.",
  needed: "This needs your passkey: nothing else decides here.",
  missing: "Your passkey needs a browser with scripts switched on that knows passkeys.",
};

export type PasskeyTexts = typeof en;

const de: PasskeyTexts = {
  title: "Passkeys",
  about:
    "Ein Passkey ist Ihr Fingerabdruck, Ihr Gesicht oder die PIN Ihres Geräts. Damit geben Sie frei, was Claude vorbereitet.",
  why: "Ein Programm, das in diesem Browser handelt, hat dessen Cookies und könnte in Ihrem Namen auf Senden drücken. Ihren Passkey kann es nicht benutzen: Wählen Sie „jedes Mal“, um es aufzuhalten.",
  prove:
    "Um einen hinzuzufügen oder zu entfernen, zeigen Sie zuerst oben unter „Mehr erlauben“, dass dies Ihres ist.",
  offer: "Mit einem Passkey freigeben",
  add: "Passkey hinzufügen",
  added: "Der Passkey wurde hinzugefügt.",
  count: (count) => (count === 1 ? "1 Passkey ist eingerichtet." : `${count} Passkeys sind eingerichtet.`),
  full: "Eine Verbindung hat höchstens fünf Passkeys: Entfernen Sie zuerst einen.",
  eachTime: "Jedes Mal danach fragen",
  eachTimeHint:
    "Nichts anderes kann dann freigeben oder ablehnen. Wenn Sie Ihre Passkeys verlieren, können Sie die Verbindung nur noch beenden und neu verbinden.",
  saveEachTime: "Speichern",
  row: (number) => `Passkey ${number}`,
  registered: (time) => `hinzugefügt ${time}`,
  used: (time) => `zuletzt benutzt ${time}`,
  remove: "Entfernen",
  use: "Passkey benutzen",
  toSee: "Oder benutzen Sie Ihren Passkey, um es zu sehen.",
  toDecide: "Wenn Sie entscheiden, wird nach Ihrem Passkey gefragt.",
  instead: "Auf andere Weise nachweisen",
  waiting: "Folgen Sie dem, was Ihr Browser fragt.",
  refused: "Der Passkey wurde nicht benutzt. Sie können es noch einmal versuchen.",
  known: "Dieses Gerät hat schon einen Passkey für diese Verbindung.",
  failed: "Der Passkey wurde nicht angenommen. Versuchen Sie es noch einmal.",
  needed: "Das braucht Ihren Passkey: Nichts anderes entscheidet hier.",
  missing: "Ihr Passkey braucht einen Browser, der Passkeys kennt und in dem Skripte eingeschaltet sind.",
};

const fr: PasskeyTexts = {
  title: "Clés d’accès",
  about:
    "Une clé d’accès, c’est votre empreinte, votre visage ou le code de votre appareil. Avec elle, vous approuvez ce que Claude prépare.",
  why: "Un programme qui agit dans ce navigateur a ses cookies et pourrait appuyer sur Envoyer en votre nom. Il ne peut pas utiliser votre clé d’accès : choisissez « à chaque fois » pour l’arrêter.",
  prove:
    "Pour en ajouter ou en supprimer une, montrez d’abord ci-dessus, sous « Permettre davantage », que ceci est à vous.",
  offer: "Approuver avec une clé d’accès",
  add: "Ajouter une clé d’accès",
  added: "La clé d’accès a été ajoutée.",
  count: (count) =>
    count === 1 ? "1 clé d’accès est enregistrée." : `${count} clés d’accès sont enregistrées.`,
  full: "Une connexion a au plus cinq clés d’accès : supprimez-en d’abord une.",
  eachTime: "La demander à chaque fois",
  eachTimeHint:
    "Rien d’autre ne peut alors approuver ni refuser. Si vous perdez vos clés d’accès, vous pourrez seulement mettre fin à la connexion et vous reconnecter.",
  saveEachTime: "Enregistrer",
  row: (number) => `Clé d’accès ${number}`,
  registered: (time) => `ajoutée le ${time}`,
  used: (time) => `dernière utilisation le ${time}`,
  remove: "Supprimer",
  use: "Utiliser votre clé d’accès",
  toSee: "Ou utilisez votre clé d’accès pour le voir.",
  toDecide: "Votre clé d’accès est demandée au moment de décider.",
  instead: "Prouver d’une autre façon",
  waiting: "Suivez ce que votre navigateur demande.",
  refused: "La clé d’accès n’a pas été utilisée. Vous pouvez réessayer.",
  known: "Cet appareil a déjà une clé d’accès pour cette connexion.",
  failed: "La clé d’accès n’a pas été acceptée. Réessayez.",
  needed: "Cela demande votre clé d’accès : rien d’autre ne décide ici.",
  missing:
    "Votre clé d’accès demande un navigateur qui connaît les clés d’accès et où les scripts sont activés.",
};

const texts: Readonly<Record<Language, PasskeyTexts>> = { en, de, fr };

export const passkeyTextsFor = (language: Language): PasskeyTexts => texts[language];
