/** Parses a stored email for the one that replies to it, forwards it or replaces it as a draft. */
import { toSafeFileName } from "../email/file-name.ts";
import { decodeHeaderText, headerValue, parseAddresses, toIsoDate } from "../email/headers.ts";
import {
  openWholeEmail,
  type SentFile,
  type SentText,
  sentFiles,
  sentTexts,
} from "../readable/whole-email.ts";
import { type AttachedFile, toMediaType } from "./attached-file.ts";
import type { OriginalEmail } from "./email-request.ts";
import { plainTextToHtml } from "./markdown-html.ts";

/** `source` may be only the beginning of the email; `whole` says that it is all of it. Never throws. */
export async function parseOriginal(id: string, source: Uint8Array, whole: boolean): Promise<OriginalEmail> {
  const email = openWholeEmail(source);
  const { headers } = email;
  const people = (name: string) =>
    parseAddresses(headerValue(headers, name)).filter(({ address }) => address !== "");
  const { text, html } = joinTexts(sentTexts(email));
  const files = sentFiles(email);
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
    deliveredTo: ["delivered-to", "x-original-to", "envelope-to"].flatMap((name) =>
      people(name).map(({ address }) => address),
    ),
    subject: decodeHeaderText(headerValue(headers, "subject")),
    date: toIsoDate(headerValue(headers, "date")),
    references: references.length > 0 || !inReplyTo ? references : [inReplyTo],
    text,
    html,
    files: files.map((file) => toAttachedFile(file, html ?? "")),
    // Attachments follow the text: where one begins, the text is complete.
    whole: whole || files.length > 0,
    source,
  };
}

/** HTML and text of all texts together; text between HTML becomes HTML. */
function joinTexts(texts: readonly SentText[]): Pick<OriginalEmail, "text" | "html"> {
  const plain = texts.flatMap(({ plain }) => (plain === undefined ? [] : [plain]));
  const hasHtml = texts.some(({ html }) => html !== undefined);
  return {
    text: plain.length > 0 ? plain.join("\n") : undefined,
    html: hasHtml
      ? texts.map(({ html, plain = "" }) => html ?? plainTextToHtml(plain)).join("<br>\n")
      : undefined,
  };
}

/** A picture that the HTML refers to keeps its Content-ID, also where it is not in multipart/related. */
function toAttachedFile({ name, type, content, contentId: id = "" }: SentFile, html: string): AttachedFile {
  const isReferenced = [id, encodeURIComponent(id)].some((one) => html.includes(`cid:${one}`));
  return {
    name: toSafeFileName(name ?? unnamed[type] ?? "", "attachment"),
    type: toMediaType(type),
    content: new Uint8Array(content),
    cid: isReferenced && /^[\w.@+%-]{1,200}$/.test(id) ? id : undefined,
  };
}

const unnamed: Readonly<Record<string, string>> = {
  "message/rfc822": "email.eml",
  "text/calendar": "invite.ics",
};

/** Message-IDs of a header in order, at most the last hundred; other text is dropped (RFC 5322 section 3.6.4). */
function parseMessageIds(value: string | undefined): string[] {
  return (value?.match(/<[^<>\s\p{Cc}]{1,250}>/gu) ?? []).slice(-100);
}
