/** Parses a stored email for the one that replies to it, forwards it or replaces it as a draft. */
import PostalMime, { type Attachment, type Email } from "postal-mime";
import { toSafeFileName } from "../email/file-name.ts";
import { joinFlowed } from "../email/format-flowed.ts";
import { decodeHeaderText, headerValue, parseAddresses, parseHeaders, toIsoDate } from "../email/headers.ts";
import { isOutlookFile } from "../email/part.ts";
import { toWinmailText } from "../readable/winmail-text.ts";
import { type AttachedFile, toMediaType } from "./attached-file.ts";
import type { OriginalEmail } from "./email-request.ts";

/** `source` may be only the beginning of the email; `whole` says that it is all of it. Never throws. */
export async function parseOriginal(id: string, source: Uint8Array, whole: boolean): Promise<OriginalEmail> {
  const headers = parseHeaders(source);
  const people = (name: string) =>
    parseAddresses(headerValue(headers, name)).filter(({ address }) => address !== "");
  const { text, html, attachments } = await parseContent(source);
  const messageIds = (name: string) => parseMessageIds(headerValue(headers, name));
  const [messageId] = messageIds("message-id");
  const [inReplyTo] = messageIds("in-reply-to");
  const references = messageIds("references");
  return {
    id,
    messageId,
    inReplyTo,
    from: people("from"),
    replyTo: people("reply-to"),
    to: people("to"),
    cc: people("cc"),
    bcc: people("bcc"),
    subject: decodeHeaderText(headerValue(headers, "subject")),
    date: toIsoDate(headerValue(headers, "date")),
    references: references.length > 0 || !inReplyTo ? references : [inReplyTo],
    text,
    html,
    files: attachments.map((attachment) => toAttachedFile(attachment, html ?? "")),
    // Attachments follow the text: where one begins, the text is complete.
    whole: whole || attachments.length > 0,
    source,
  };
}

type Content = Pick<Email, "text" | "html" | "attachments">;

async function parseContent(source: Uint8Array): Promise<Content> {
  try {
    const parsed = await PostalMime.parse(source, { forceRfc822Attachments: true });
    const flowed = await parseFlowed(source);
    return outlookContent(parsed) ?? { ...parsed, text: flowed ?? parsed.text };
  } catch {
    // Nested too deeply or malformed: the reply has no quote.
    return { attachments: [] };
  }
}

/** The text in winmail.dat, where the email has no other; undefined otherwise. */
function outlookContent({ text, html, attachments }: Email): Content | undefined {
  if (html || text?.trim()) return undefined;
  for (const { mimeType: type, filename: name, content } of attachments) {
    if (typeof content === "string" || !isOutlookFile({ type, name })) continue;
    const outlook = toWinmailText(new Uint8Array(content));
    if (outlook) return { html: outlook.html || html, text: outlook.plain || text, attachments };
  }
  return undefined;
}

/**
 * The text of a format=flowed email (RFC 3676), or undefined for any other. postal-mime joins a quoted line with the
 * mark of the next one; for format=fixed it leaves the lines as they are.
 */
async function parseFlowed(source: Uint8Array): Promise<string | undefined> {
  const raw = Buffer.from(source).toString("latin1");
  const flowed = contentTypes(raw).filter(
    ({ field }) => /^content-type:\s*text\/plain\b/i.test(field) && /\bflowed\b/i.test(field),
  );
  if (flowed.length === 0) return undefined;
  let fixed = "";
  let end = 0;
  for (const { field, start } of flowed) {
    fixed += raw.slice(end, start) + field.replace(/\bflowed\b/i, "fixed");
    end = start + field.length;
  }
  const { text } = await PostalMime.parse(Buffer.from(fixed + raw.slice(end), "latin1"));
  const deletesSpace = flowed.some(({ field }) => /\bdelsp="?yes/i.test(field));
  return text && joinFlowed(text, deletesSpace);
}

const maxFieldCharacters = 2_000;

/** The Content-Type fields of an email and of its parts, folded as they are, with their positions. */
function contentTypes(raw: string): { field: string; start: number }[] {
  return [...raw.matchAll(/^content-type:/gim)].map(({ index }) => {
    const rest = raw.slice(index, index + maxFieldCharacters);
    return { field: rest.slice(0, /\n(?![ \t])/.exec(rest)?.index), start: index };
  });
}

/** A picture that the HTML refers to keeps its Content-ID, also where it is not in multipart/related. */
function toAttachedFile(
  { filename, mimeType, content, contentId, related }: Attachment,
  html: string,
): AttachedFile {
  const id = contentId?.replace(/^<|>$/g, "") ?? "";
  const isReferenced = [id, encodeURIComponent(id)].some((name) => html.includes(`cid:${name}`));
  const cid = related || isReferenced ? id : "";
  return {
    name: toSafeFileName(filename ?? (mimeType === "message/rfc822" ? "email.eml" : ""), "attachment"),
    type: toMediaType(mimeType),
    content: typeof content === "string" ? Buffer.from(content) : new Uint8Array(content),
    cid: /^[\w.@+%-]{1,200}$/.test(cid) ? cid : undefined,
  };
}

/** Message-IDs of a header in order, at most the last hundred; other text is dropped (RFC 5322 section 3.6.4). */
function parseMessageIds(value: string | undefined): string[] {
  return (value?.match(/<[^<>\s\p{Cc}]{1,250}>/gu) ?? []).slice(-100);
}
