/** The texts of the upload page, by language. */
import type { Language } from "./language.ts";

const en = {
  title: "Files for an email",
  lead: "Claude asked you for files to attach to an email. They go straight to this server, not through the conversation.",
  choose: "Choose files, or drop them here",
  hint: "At most 20 files, and 25 MB in total. They are kept encrypted until the email is written, for an hour at most, and are then deleted.",
  send: "Upload the files",
  sending: "Uploading…",
  tooLarge: "These files are larger than 25 MB in total. Choose fewer or smaller ones.",
  failed: "The upload failed. Check your connection and try again.",
  receivedTitle: "The files have arrived",
  received: "Go back to Claude and say so. You can close this page.",
  overTitle: "This link has expired",
  over: "A link works once, within an hour. Ask Claude for a new one.",
};

type UploadTexts = typeof en;

const de: UploadTexts = {
  title: "Dateien für eine E-Mail",
  lead: "Claude hat Sie um Dateien für eine E-Mail gebeten. Sie gehen direkt an diesen Server, nicht durch das Gespräch.",
  choose: "Dateien wählen oder hierher ziehen",
  hint: "Zusammen 25 MB, höchstens 20 Dateien. Sie bleiben verschlüsselt, bis die E-Mail geschrieben ist, höchstens eine Stunde, und werden dann gelöscht.",
  send: "Dateien übergeben",
  sending: "Wird übergeben…",
  tooLarge: "Diese Dateien haben zusammen mehr als 25 MB. Wählen Sie weniger oder kleinere.",
  failed: "Das hat nicht geklappt. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.",
  receivedTitle: "Die Dateien sind da",
  received: "Gehen Sie zurück zu Claude und sagen Sie es. Diese Seite können Sie schließen.",
  overTitle: "Dieser Link gilt nicht mehr",
  over: "Er gilt einmal und eine Stunde lang. Bitten Sie Claude um einen neuen.",
};

const fr: UploadTexts = {
  title: "Des fichiers pour un e-mail",
  lead: "Claude vous a demandé des fichiers à joindre à un e-mail. Ils vont directement à ce serveur, sans passer par la conversation.",
  choose: "Choisissez des fichiers ou déposez-les ici",
  hint: "25 Mo en tout, 20 fichiers au plus. Ils restent chiffrés jusqu’à ce que l’e-mail soit écrit, une heure au plus, puis sont supprimés.",
  send: "Remettre les fichiers",
  sending: "Envoi en cours…",
  tooLarge: "Ces fichiers dépassent 25 Mo en tout. Choisissez-en moins ou de plus petits.",
  failed: "Cela n’a pas marché. Vérifiez votre connexion et réessayez.",
  receivedTitle: "Les fichiers sont arrivés",
  received: "Revenez à Claude et dites-le-lui. Vous pouvez fermer cette page.",
  overTitle: "Ce lien n’est plus valable",
  over: "Il sert une fois, pendant une heure. Demandez-en un nouveau à Claude.",
};

const texts: Readonly<Record<Language, UploadTexts>> = { en, de, fr };

export const uploadTextsFor = (language: Language): UploadTexts => texts[language];
