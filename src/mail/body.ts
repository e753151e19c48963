/** The text of an email: fetched as far as it is read, decoded, rendered. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { decodeText } from "./charset.ts";
import { htmlToWords } from "./html-words.ts";
import type { EmailFormat } from "./reading.ts";
import type { Anatomy, Part } from "./structure.ts";
import { decodeTransfer } from "./transfer.ts";

export type Rendered = { text: string; notes: string[] };

const maxBytes = 262_144;

/** Fetches what will be shown and renders it. `uid` is in the selected mailbox. */
export async function readBody(
  imap: ImapFlow,
  uid: number,
  anatomy: Anatomy,
  format: EmailFormat,
): Promise<Rendered> {
  const wanted = anatomy.texts.flatMap((text) => {
    const part =
      format === "text" ? (text.plain ?? text.html ?? text.other) : (text.html ?? text.plain ?? text.other);
    return part ? [part] : [];
  });
  if (wanted.length === 0) return { text: "", notes: ["The email has no text."] };
  const email = await imap.fetchOne(
    String(uid),
    { uid: true, bodyParts: wanted.map((part) => ({ key: part.part, start: 0, maxLength: maxBytes })) },
    { uid: true },
  );
  if (!email) throw new AppError("email_not_found", "The email is no longer there.");
  const texts = wanted.map((part) => toReadable(part, email.bodyParts?.get(part.part) ?? Buffer.alloc(0)));
  return { text: texts.join("\n\n").trim(), notes: [] };
}

function toReadable(part: Part, bytes: Uint8Array): string {
  const text = decodeText(decodeTransfer(bytes, part.encoding), part.charset);
  return part.type === "text/html" ? htmlToWords(text) : text.replace(/\r\n?/g, "\n");
}
