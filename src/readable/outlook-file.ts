/** winmail.dat as an attachment: the email's text in it, what is inside, and what the files inside say. */
import { readTnef, type Tnef, type TnefFile } from "../documents/tnef/tnef.ts";
import { toSafeFileName } from "../email/file-name.ts";
import type { Part } from "../email/part.ts";
import { AppError } from "../errors.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import type { AttachmentText } from "./attachment-text.ts";
import { show } from "./fold.ts";
import { eventLines } from "./outlook.ts";

/** Files inside that are read; the others are listed. */
const maxRead = 10;
/** Of the emails inside, all together. */
const maxCharacters = 4_000_000;

/** `read` reads a file inside as any attachment is read. Throws what it throws once the caller is gone. */
export async function readOutlookFile(
  bytes: Uint8Array,
  read: (bytes: Buffer, part: Part) => Promise<AttachmentText>,
  signal: AbortSignal,
): Promise<AttachmentText> {
  const tnef = readTnef(bytes);
  if (!tnef) return { text: "", notes: [] };
  const budget = { left: maxRead, characters: maxCharacters };
  const sections = await toSections(tnef);
  const unread = tnef.files.length > 0 ? ["The files inside come with the whole, by a download link."] : [];
  return { text: sections.join("\n\n"), notes: [...unread, ...(budget.left < 0 ? [tooManyNote] : [])] };

  async function toSections(email: Tnef): Promise<string[]> {
    const event = eventLines(email);
    const head = [...(event.length === 0 && email.subject ? [`Subject: ${email.subject}`] : []), ...event];
    const list = email.files.map((file, at) => `${at + 1}. ${describe(file)}`);
    const own = [
      head.join("\n"),
      textOf(email, budget),
      list.length > 0 ? `Inside it:\n${list.join("\n")}` : "",
    ].filter((section) => section !== "");
    for (const file of email.files) own.push(...(await toInner(file)));
    return own;
  }

  async function toInner(file: TnefFile): Promise<string[]> {
    const heading = `--- ${nameOf(file)} ---`;
    if (file.email) return [[heading, ...(await toSections(file.email))].join("\n\n")];
    if (file.content.length === 0 || /^(image|audio|video)\//.test(file.type ?? "")) return [];
    budget.left -= 1;
    if (budget.left < 0) return [];
    const part = {
      part: "",
      type: file.type ?? "application/octet-stream",
      size: file.content.length,
      name: nameOf(file),
    };
    try {
      const inner = { ...part, parameters: {}, children: [] };
      const { text, notes } = await read(Buffer.from(file.content), inner);
      const said = [...notes.map((note) => `[${note}]`), text].filter((piece) => piece !== "").join("\n");
      return said ? [`${heading}\n\n${said}`] : [];
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error;
      budget.left = 0;
      return [`${heading}\n\n[${error.message}]`];
    }
  }
}

const tooManyNote = `Only the first ${maxRead} files inside were read.`;

const nameOf = ({ name }: TnefFile) => toSafeFileName(name || "unnamed");

function describe(file: TnefFile): string {
  const size = `${Math.ceil(file.content.length / 1024)} KB`;
  return `${nameOf(file)} (${[...(file.email ? ["an email"] : []), ...(file.type ? [file.type] : []), size].join(", ")})`;
}

function textOf({ html, text }: Tnef, budget: { characters: number }): string {
  const source = (html ?? text ?? "").slice(0, budget.characters);
  budget.characters -= source.length;
  if (html === undefined) return source.replace(/\r\n?/g, "\n").trim();
  return show(htmlToMarkdown(source).lines).join("\n").trim();
}
