/** winmail.dat as an attachment: its email's text, a list of the files inside, and what those files say. */
import { readTnef, type Tnef, type TnefFile } from "../documents/tnef/tnef.ts";
import { toSafeFileName } from "../email/file-name.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import { type InnerFileReader, toHeading } from "./attachment-files.ts";
import type { AttachmentText } from "./attachment-result.ts";
import { stripMarks } from "./fold-history.ts";
import { eventLines } from "./winmail-text.ts";

/** Characters of the texts of all emails inside. */
const maxCharacters = 4_000_000;

type Reading = { files: InnerFileReader; remainingCharacters: number };

/** Reads a TNEF stream; `files` reads the files inside. Throws what it throws. */
export async function readWinmail(bytes: Uint8Array, files: InnerFileReader): Promise<AttachmentText> {
  const tnef = readTnef(bytes);
  if (!tnef) return { text: "", notes: [] };
  const sections = await toSections(tnef, { files, remainingCharacters: maxCharacters });
  const notes = [
    ...(tnef.files.length > 0 ? ["A download link gives the whole file, with the files inside it."] : []),
    ...files.notes(),
  ];
  return { text: sections.join("\n\n"), notes };
}

async function toSections(email: Tnef, reading: Reading): Promise<string[]> {
  const event = eventLines(email);
  const subject = event.length === 0 && email.subject ? [`Subject: ${email.subject}`] : [];
  const list = email.files.map((file, at) => `${at + 1}. ${describeFile(file)}`);
  const sections = [
    [...subject, ...event].join("\n"),
    messageText(email, reading),
    list.length > 0 ? `Inside it:\n${list.join("\n")}` : "",
  ].filter((section) => section !== "");
  for (const file of email.files) sections.push(...(await readInner(file, reading)));
  return sections;
}

async function readInner(file: TnefFile, reading: Reading): Promise<string[]> {
  if (file.email) return [[toHeading(nameOf(file)), ...(await toSections(file.email, reading))].join("\n\n")];
  return reading.files.read({ name: nameOf(file), type: file.type, bytes: file.content });
}

const nameOf = ({ name }: TnefFile) => toSafeFileName(name || "unnamed");

function describeFile(file: TnefFile): string {
  const size = `${Math.ceil(file.content.length / 1024)} KB`;
  const facts = [file.email ? "an email" : undefined, file.type, size].filter((fact) => fact);
  return `${nameOf(file)} (${facts.join(", ")})`;
}

function messageText({ html, text }: Tnef, reading: Reading): string {
  const source = (html ?? text ?? "").slice(0, reading.remainingCharacters);
  reading.remainingCharacters -= source.length;
  if (html === undefined) return source.replace(/\r\n?/g, "\n").trim();
  return stripMarks(htmlToMarkdown(source).lines).join("\n").trim();
}
