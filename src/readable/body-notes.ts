/** The notes of a rendered email: its protection, where its text comes from, and what was left out. */
import type { EmailContents } from "../email/email-contents.ts";
import { isOutlookFile } from "../email/part.ts";
import { type LinkIndex, maxShownTarget } from "../html/link-index.ts";
import type { EmailFormat } from "./email-format.ts";
import type { Omissions, Protection, RenderedPiece } from "./omissions.ts";

export function bodyNotes(
  contents: Omit<EmailContents, "root">,
  format: EmailFormat,
  { omissions, protection }: Pick<RenderedPiece, "omissions" | "protection">,
  links: LinkIndex,
): string[] {
  return [
    ...protectionNotes(contents, protection),
    ...winmailNotes(contents),
    ...omissionNotes(omissions),
    ...linkNotes(contents, format, links),
  ];
}

/** `charsets`: those that were guessed. */
export function charsetNotes(charsets: readonly string[]): string[] {
  return charsets.length === 0
    ? []
    : [`The text does not say its charset, or says a wrong one; ${charsets.join(" and ")} is a guess.`];
}

export const noTextNote = "The email has no text of its own.";

function protectionNotes(contents: Omit<EmailContents, "root">, found: Protection): string[] {
  const isOpened = found.signedFiles.includes("opened");
  const isUnreadable = found.signedFiles.includes("unreadable");
  const encrypted =
    contents.encrypted ?? found.encrypted ?? (isUnreadable && !contents.signed ? "S/MIME" : undefined);
  const signed = contents.signed ?? (isOpened ? "S/MIME" : found.signed);
  const isWithoutText = contents.texts.length + contents.calendars.length === 0 && !contents.report?.status;
  const notes: string[] = [];
  if (encrypted) notes.push(`The email is encrypted (${encrypted}); its text cannot be read here.`);
  if (signed) notes.push(`The email is signed (${signed}); the signature was not checked here.`);
  if (isOpened) notes.push("The text is out of smime.p7m; get_attachment lists what else is in it.");
  if (isUnreadable && signed)
    notes.push("smime.p7m is damaged, or signs what is elsewhere: no text is in it.");
  if (isWithoutText && !encrypted) notes.push(noTextNote);
  return notes;
}

function winmailNotes({ texts, attachments }: Pick<EmailContents, "texts" | "attachments">): string[] {
  if (texts.some(({ outlook }) => outlook))
    return ["The text is out of winmail.dat, Outlook's own format; get_attachment lists what else is in it."];
  return attachments.some(({ part }) => isOutlookFile(part))
    ? ["winmail.dat is Outlook's own format; get_attachment reads it, and the files in it."]
    : [];
}

function omissionNotes(omissions: Omissions): string[] {
  const counts = [
    count(omissions.hiddenWords, "hidden word", "hidden words"),
    count(omissions.trackingPixels, "tracking pixel", "tracking pixels"),
    count(omissions.pictures, "picture without a description", "pictures without a description"),
    count(omissions.invisibleCharacters, "invisible character", "invisible characters"),
  ].filter((part) => part !== "");
  return [
    ...(counts.length > 0 ? [`Left out: ${counts.join(", ")}.`] : []),
    ...(omissions.quotedLines + omissions.signatureLines > 0
      ? ['Quoted history and signatures are folded; format "text" shows them.']
      : []),
    ...(omissions.tooDeep ? ["Parts of the email are nested too deeply to be read."] : []),
  ];
}

function linkNotes({ texts }: Pick<EmailContents, "texts">, format: EmailFormat, links: LinkIndex): string[] {
  const pictures = links.pictures().length;
  const misleading = links.misleading();
  const notes: string[] = [];
  if (format === "markdown" && pictures > 0)
    notes.push(
      `${count(pictures, "link", "links")} on pictures without a description: format "links" lists them.`,
    );
  if (format === "links" && links.all().length + pictures === 0 && texts.length > 0)
    notes.push("There are no links in it.");
  if (misleading > 0)
    notes.push(
      `Careful: ${count(misleading, "link", "links")} whose text names another site than it leads to.`,
    );
  if (format === "markdown" && links.all().some(({ url }) => url.length > maxShownTarget))
    notes.push('Long links are shown as host and #number; format "links" gives them whole.');
  return notes;
}

/** Empty for 0. */
function count(number: number, one: string, many: string): string {
  return number === 0 ? "" : `${number} ${number === 1 ? one : many}`;
}
