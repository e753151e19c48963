/** Attachments that BODYSTRUCTURE does not list: inside plain text, or in an email whose structure is broken. */
import { parseMultipartSource } from "./broken-structure.ts";
import { type AttachedPart, type EmailContents, toEmailContents } from "./email-contents.ts";
import { splitEncodedFiles } from "./encoded-files.ts";
import { emptyPart, type Part } from "./part.ts";
import { decodeTextTransfer } from "./transfer-encoding.ts";

type EmbeddedFile = Part & { content: Buffer };

/** Everything below the headers of an email. */
export const wholeText: Part = { ...emptyPart, part: "TEXT" };

/** The parts in which files may be. Where there is HTML, the plain text is not what is read. */
export function partsWithFiles(contents: Omit<EmailContents, "root">): Part[] {
  if (isWithoutParts(contents)) return [wholeText];
  return contents.texts
    .filter(({ html }) => !html)
    .flatMap(({ plain, further = [] }) => [plain, ...further])
    .filter((part) => part?.type === "text/plain")
    .filter((part) => part !== undefined);
}

/** True for an email that says it is multipart, but in which the mail server found no part. */
export function isWithoutParts({
  texts,
  calendars,
  attachments,
  encrypted,
  report,
}: Omit<EmailContents, "root">): boolean {
  const isEmpty = texts.every((text) => {
    const { html, plain, other, outlook, signed } = text;
    return ((html ?? plain ?? other ?? outlook ?? signed)?.size ?? 0) === 0;
  });
  return isEmpty && calendars.length + attachments.length === 0 && !encrypted && !report;
}

/** Files of one text; more is no longer a text with files. */
const maxFiles = 500;

/** The files inside a part of plain text. Never throws. */
export function embeddedFiles(part: Part, octets: Buffer): EmbeddedFile[] {
  const tree = parseMultipartSource(octets);
  if (tree) {
    const { attachments } = toEmailContents(tree.root);
    return attachments.map(({ part: file }, position) => {
      const content = tree.content(file) ?? Buffer.alloc(0);
      return {
        ...file,
        part: part.part,
        size: content.length,
        children: [],
        encoding: undefined,
        embedded: { part, position },
        content,
      };
    });
  }
  const { files } = splitEncodedFiles(decodeTextTransfer(octets, part.encoding));
  return files.slice(0, maxFiles).map(({ name, content }, position) => ({
    ...emptyPart,
    part: part.part,
    type: "application/octet-stream",
    size: content.length,
    name: name || undefined,
    embedded: { part, position },
    content,
  }));
}

/** Numbers the files behind the attachments that BODYSTRUCTURE lists. */
export function numberEmbedded({ attachments }: EmailContents, files: readonly Part[]): AttachedPart[] {
  return files.map((part, at) => ({ index: attachments.length + at + 1, part, inline: false }));
}
