/** The content of a part without its transfer encoding, and the files that plain text contains. */
import type { AttachedPart, EmailContents } from "./email-contents.ts";
import { splitEncodedFiles } from "./encoded-files.ts";
import type { Part } from "./part.ts";
import { decodeTextTransfer, decodeTransfer } from "./transfer-encoding.ts";

/** Decodes the octets of a part, which may be cut. Files in plain text are taken out. Never throws. */
export function decodePartContent(
  { type, encoding }: Pick<Part, "type" | "encoding">,
  octets: Buffer,
): Buffer {
  if (!type.startsWith("text/")) return decodeTransfer(octets, encoding);
  const text = decodeTextTransfer(octets, encoding);
  return type === "text/plain" ? splitEncodedFiles(text).text : text;
}

/** The parts of plain text in which files may be: where there is HTML, the plain text is not what is read. */
export function partsWithFiles({ texts }: EmailContents): Part[] {
  return texts
    .filter(({ html }) => !html)
    .flatMap(({ plain, further = [] }) => [plain, ...further])
    .filter((part) => part?.type === "text/plain")
    .filter((part) => part !== undefined);
}

/** The files inside a part of plain text, as parts. */
export function embeddedFiles(part: Part, octets: Buffer): (Part & { content: Buffer })[] {
  const { files } = splitEncodedFiles(decodeTextTransfer(octets, part.encoding));
  return files.map(({ name, content }, position) => ({
    part: part.part,
    type: "application/octet-stream",
    size: content.length,
    name: name || undefined,
    parameters: {},
    children: [],
    embedded: { part, position },
    content,
  }));
}

/** Attachments of files inside text, numbered behind the others. */
export function numberEmbedded({ attachments }: EmailContents, files: readonly Part[]): AttachedPart[] {
  return files.map((part, at) => ({ index: attachments.length + at + 1, part, inline: false }));
}
