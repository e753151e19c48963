/** winmail.dat as an attachment: its email's text, a list of the files inside, and what those files say. */
import { readTnef, type Tnef, type TnefFile } from "../documents/tnef/tnef.ts";
import { toSafeFileName } from "../email/file-name.ts";
import type { Part } from "../email/part.ts";
import { AppError } from "../errors.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import type { AttachmentText } from "./attachment-result.ts";
import { stripMarks } from "./fold-history.ts";
import { eventLines } from "./winmail-text.ts";

/** Files inside that are read; further ones are only listed. */
const maxFilesRead = 10;
/** Characters of the texts of all emails inside. */
const maxCharacters = 4_000_000;

type ReadInnerFile = (bytes: Buffer, part: Part) => Promise<AttachmentText>;

/** The remaining budget for reading one winmail.dat; `files` falls below 0 when there were too many. */
type ReadingBudget = { files: number; characters: number };

type Reading = { readFile: ReadInnerFile; signal: AbortSignal; budget: ReadingBudget };

/** Reads a TNEF stream; `readFile` reads the files inside. Throws what it throws once `signal` is aborted. */
export async function readWinmail(
  bytes: Uint8Array,
  readFile: ReadInnerFile,
  signal: AbortSignal,
): Promise<AttachmentText> {
  const tnef = readTnef(bytes);
  if (!tnef) return { text: "", notes: [] };
  const budget = { files: maxFilesRead, characters: maxCharacters };
  const sections = await toSections(tnef, { readFile, signal, budget });
  const notes = [
    ...(tnef.files.length > 0 ? ["A download link gives the whole file, with the files inside it."] : []),
    ...(budget.files < 0 ? [`Only the first ${maxFilesRead} files inside were read.`] : []),
  ];
  return { text: sections.join("\n\n"), notes };
}

async function toSections(email: Tnef, reading: Reading): Promise<string[]> {
  const event = eventLines(email);
  const subject = event.length === 0 && email.subject ? [`Subject: ${email.subject}`] : [];
  const list = email.files.map((file, at) => `${at + 1}. ${describeFile(file)}`);
  const sections = [
    [...subject, ...event].join("\n"),
    messageText(email, reading.budget),
    list.length > 0 ? `Inside it:\n${list.join("\n")}` : "",
  ].filter((section) => section !== "");
  for (const file of email.files) sections.push(...(await readInner(file, reading)));
  return sections;
}

async function readInner(file: TnefFile, reading: Reading): Promise<string[]> {
  const heading = `--- ${nameOf(file)} ---`;
  if (file.email) return [[heading, ...(await toSections(file.email, reading))].join("\n\n")];
  if (file.content.length === 0 || /^(image|audio|video)\//.test(file.type ?? "")) return [];
  reading.budget.files -= 1;
  if (reading.budget.files < 0) return [];
  try {
    const { text, notes } = await reading.readFile(Buffer.from(file.content), toInnerPart(file));
    const content = [...notes.map((note) => `[${note}]`), text].filter((piece) => piece !== "").join("\n");
    return content ? [`${heading}\n\n${content}`] : [];
  } catch (error) {
    if (reading.signal.aborted || !(error instanceof AppError)) throw error;
    reading.budget.files = 0;
    return [`${heading}\n\n[${error.message}]`];
  }
}

const toInnerPart = (file: TnefFile): Part => ({
  part: "",
  type: file.type ?? "application/octet-stream",
  size: file.content.length,
  name: nameOf(file),
  parameters: {},
  children: [],
});

const nameOf = ({ name }: TnefFile) => toSafeFileName(name || "unnamed");

function describeFile(file: TnefFile): string {
  const size = `${Math.ceil(file.content.length / 1024)} KB`;
  const facts = [file.email ? "an email" : undefined, file.type, size].filter((fact) => fact);
  return `${nameOf(file)} (${facts.join(", ")})`;
}

function messageText({ html, text }: Tnef, budget: ReadingBudget): string {
  const source = (html ?? text ?? "").slice(0, budget.characters);
  budget.characters -= source.length;
  if (html === undefined) return source.replace(/\r\n?/g, "\n").trim();
  return stripMarks(htmlToMarkdown(source).lines).join("\n").trim();
}
