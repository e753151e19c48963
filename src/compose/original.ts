/** A stored email taken apart for the email that answers it, forwards it or replaces it as a draft. */
import PostalMime, { type Attachment, type Email } from "postal-mime";
import { joinFlowed } from "../email/format-flowed.ts";
import { decodeHeaderText, headerValue, parseAddresses, parseHeaders, toIsoDate } from "../email/headers.ts";
import { isOutlookFile } from "../email/part.ts";
import { toOutlookText } from "../readable/outlook.ts";
import type { File, Original } from "./composed-email.ts";
import { toFileName, toFileType } from "./file.ts";

/** A stored email, or its beginning, taken apart. Never throws for what a sender wrote. */
export async function toOriginal(id: string, source: Uint8Array, whole: boolean): Promise<Original> {
  const headers = parseHeaders(source);
  const people = (name: string) =>
    parseAddresses(headerValue(headers, name)).filter(({ address }) => address !== "");
  const parsed = await parse(source);
  const messageId = toMessageIds(headerValue(headers, "message-id"))[0];
  const inReplyTo = toMessageIds(headerValue(headers, "in-reply-to"))[0];
  const date = toIsoDate(headerValue(headers, "date"));
  const references = toMessageIds(headerValue(headers, "references"));
  return {
    id,
    from: people("from"),
    replyTo: people("reply-to"),
    to: people("to"),
    cc: people("cc"),
    bcc: people("bcc"),
    subject: decodeHeaderText(headerValue(headers, "subject")),
    references: references.length > 0 || !inReplyTo ? references : [inReplyTo],
    files: parsed.attachments.map((attachment) => toFile(attachment, parsed.html ?? "")),
    // Attachments stand below the text: where one begins, the text has ended.
    whole: whole || parsed.attachments.length > 0,
    source,
    ...(messageId ? { messageId } : {}),
    ...(inReplyTo ? { inReplyTo } : {}),
    ...(date ? { date } : {}),
    ...(parsed.text === undefined ? {} : { text: parsed.text }),
    ...(parsed.html === undefined ? {} : { html: parsed.html }),
  };
}

async function parse(source: Uint8Array): Promise<Pick<Email, "text" | "html" | "attachments">> {
  try {
    const parsed = await PostalMime.parse(source, { forceRfc822Attachments: true });
    const flowed = await readFlowed(source);
    return { ...parsed, ...(flowed === undefined ? {} : { text: flowed }), ...outlookText(parsed) };
  } catch {
    // Too deep or too odd to take apart: answered without a quote.
    return { attachments: [] };
  }
}

/** Where all the text there is lies in winmail.dat. */
function outlookText({ text, html, attachments }: Email): Pick<Email, "text" | "html"> {
  if (html || text?.trim()) return {};
  for (const { mimeType: type, filename: name, content } of attachments) {
    if (typeof content === "string" || !isOutlookFile({ type, name })) continue;
    const found = toOutlookText(new Uint8Array(content));
    if (found)
      return { ...(found.html ? { html: found.html } : {}), ...(found.plain ? { text: found.plain } : {}) };
  }
  return {};
}

/**
 * The text of an email whose lines flow (RFC 3676); undefined when they do not. postal-mime runs a quoted line into
 * the mark of the next one; told that nothing flows, it leaves the lines as they are.
 */
async function readFlowed(source: Uint8Array): Promise<string | undefined> {
  const raw = Buffer.from(source).toString("latin1");
  const fixed = raw.replace(/^content-type:\s*text\/plain\b[^\n]*(?:\n[ \t][^\n]*)*/gim, (field) =>
    field.replace(/\bflowed\b/i, "fixed"),
  );
  if (fixed === raw) return undefined;
  const { text } = await PostalMime.parse(Buffer.from(fixed, "latin1"));
  return text && joinFlowed(text, /^content-type:[^\n]*(?:\n[ \t][^\n]*)*\bdelsp="?yes/im.test(raw));
}

/** Some programs put the pictures of a text beside it and not into multipart/related; the text names them all the same. */
function toFile({ filename, mimeType, content, contentId, related }: Attachment, html: string): File {
  const bytes = typeof content === "string" ? Buffer.from(content) : new Uint8Array(content);
  const id = contentId?.replace(/^<|>$/g, "") ?? "";
  const isNamed = [id, encodeURIComponent(id)].some((name) => html.includes(`cid:${name}`));
  const cid = related || isNamed ? id : "";
  return {
    name: toFileName(filename ?? (mimeType === "message/rfc822" ? "email.eml" : "attachment")),
    type: toFileType(mimeType),
    content: bytes,
    ...(/^[\w.@+%-]{1,200}$/.test(cid) ? { cid } : {}),
  };
}

/** Message-IDs of a header, in order; anything else in it is dropped (RFC 5322 section 3.6.4). */
function toMessageIds(value: string | undefined): string[] {
  return (value?.match(/<[^<>\s\p{Cc}]{1,250}>/gu) ?? []).slice(-100);
}
