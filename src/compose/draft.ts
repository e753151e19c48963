/** Stored drafts: sending one as it stands, and finding the quote in one that draft_email wrote. */
import MimeNode from "nodemailer/lib/mime-node";
import type { Address } from "../email/address.ts";
import { headerValue, parseHeaders } from "../email/headers.ts";
import { AppError } from "../errors.ts";
import { findHtmlQuote } from "../html/quote.ts";
import { sanitizeHtml } from "../html/sanitize.ts";
import type { ComposeDeps, ComposedEmail, OriginalEmail } from "./email-request.ts";
import { plainTextToHtml } from "./markdown-html.ts";
import { isOwnMessageId, newMessageId, toPreviewAndContent } from "./preview.ts";
import { toQuotedBody } from "./quoted-body.ts";
import { requireRecipientCount, toBareAddress, withoutRepeats } from "./recipients.ts";
import type { Quote } from "./reply.ts";

/** Header of a stored draft: the number of characters at the end of its text that are the quote. Never submitted. */
export const quoteHeader = "X-Email-Connector-Quote";

/** Marks the beginning of the quote in the HTML. */
export const quoteMarker = "<!--quote-->";

/** The quoted history of a draft, whichever program wrote it; undefined without one. */
export function draftQuote(draft: OriginalEmail): Quote | undefined {
  return ownDraftQuote(draft) ?? foreignDraftQuote(draft);
}

/** The quote of a draft that another program wrote or rewrote, by the marks of mail programs. */
function foreignDraftQuote({ html, text = "" }: OriginalEmail): Quote | undefined {
  const quoted = html === undefined ? undefined : findHtmlQuote(html);
  if (quoted !== undefined) {
    const words = toQuotedBody({ html: quoted }).text;
    return words === "" ? undefined : { text: words, html: sanitizeHtml(quoted) };
  }
  if (html !== undefined) return undefined;
  const lines = text.replace(/\r\n?/g, "\n").trimEnd().split("\n");
  const first = lines.findIndex((line) => line.startsWith(">"));
  // Text below a quote is the draft's own.
  if (first < 0 || !lines.slice(first).every((line) => line === "" || line.startsWith(">"))) return undefined;
  const blank = lines.slice(0, Math.max(0, first - 1)).lastIndexOf("");
  const hasAttribution = lines[first - 1]?.trim().endsWith(":") === true;
  const quote = lines.slice(hasAttribution ? blank + 1 : first).join("\n");
  return { text: quote, html: plainTextToHtml(quote) };
}

/** The quote of a draft that draft_email wrote; undefined when another program has rewritten the draft. */
function ownDraftQuote(draft: OriginalEmail): Quote | undefined {
  const length = Number(headerValue(parseHeaders(draft.source), quoteHeader));
  const text = draft.text?.replace(/\r\n?/g, "\n").trimEnd();
  const start = draft.html?.indexOf(quoteMarker) ?? -1;
  const end = draft.html?.lastIndexOf("</body>") ?? -1;
  if (!text || !Number.isInteger(length) || length < 1 || length > text.length) return undefined;
  if (!draft.html || start < 0 || end < start) return undefined;
  return {
    text: text.slice(-length),
    html: draft.html.slice(start + quoteMarker.length, end).trim(),
  };
}

/** Header fields of a draft that are submitted; all others may hold private notes of a mail program. */
const submittedFields = new Set([
  "to",
  "cc",
  "subject",
  "in-reply-to",
  "references",
  "message-id",
  "mime-version",
  "content-type",
  "content-transfer-encoding",
  "content-language",
  "importance",
  "x-priority",
]);

/**
 * Composes a stored draft for submission, whichever program wrote it: the body stays byte for byte the same, From and
 * Date are replaced.
 *
 * @throws AppError invalid_input for a recipient that is not an email address, too_large for too many
 */
export function composeFromDraft({ clock, from }: ComposeDeps, draft: OriginalEmail): ComposedEmail {
  const source = Buffer.from(draft.source).toString("latin1");
  const split = /\r?\n\r?\n/.exec(source);
  const head = split ? source.slice(0, split.index) : source;
  const body = split ? source.slice(split.index + split[0].length) : "";
  const fields = head.split(/\r?\n(?![ \t])/).map((field) => field.replace(/\r?\n/g, "\r\n"));
  const nameOf = (field: string) => field.slice(0, field.indexOf(":")).trim().toLowerCase();
  const kept = fields.filter((field) => submittedFields.has(nameOf(field)));
  const bcc = fields.filter((field) => nameOf(field) === "bcc");
  const messageId = draft.messageId ?? newMessageId(from.address);
  const date = new Date(clock.now()).toUTCString().replace("GMT", "+0000");
  const lines = [
    `From: ${MimeNode.encodeHeaderValue("from", { name: from.name ?? "", address: from.address })}`,
    ...kept,
    ...(draft.messageId ? [] : [`Message-ID: ${messageId}`]),
    `Date: ${date}`,
  ];
  const toRaw = (all: readonly string[]) =>
    Buffer.from(`${all.join("\r\n")}\r\n\r\n${body.replace(/\r\n|\r|\n/g, "\r\n")}`, "latin1");
  const [to = [], cc = [], blind = []] = withoutRepeats([
    requireValidRecipients(draft.to),
    requireValidRecipients(draft.cc),
    requireValidRecipients(draft.bcc),
  ]);
  const text = (draft.text ?? "").replace(/\r\n?/g, "\n").trimEnd();
  return {
    messageId,
    recipients: requireRecipientCount([...to, ...cc, ...blind]),
    raw: toRaw(lines),
    copy: toRaw([...lines, ...bcc]),
    ...toPreviewAndContent({
      from,
      to,
      cc,
      bcc: blind,
      subject: draft.subject,
      text,
      files: draft.files,
      inReplyTo: draft.inReplyTo,
    }),
    answersMessageId: draft.inReplyTo || undefined,
    replacesOwnDraft: isOwnMessageId(draft.messageId),
    notes: [],
  };
}

/** Validates the recipients of a draft. Throws invalid_input. */
function requireValidRecipients(people: readonly Address[]): Address[] {
  return people.map(({ name, address }) => {
    const bare = toBareAddress(address);
    if (bare) return name ? { name, address: bare } : { address: bare };
    throw new AppError("invalid_input", "The draft names a recipient that is not an email address.", {
      hint: "Replace the draft with draft_email, giving its recipients anew.",
    });
  });
}
