/**
 * Composes a requested email: recipients, subject, thread, quote and files of a reply, a forward or a replaced draft
 * are computed here. Nothing is read or sent; no path and no URL is ever opened.
 */
import { detectMimeType } from "nodemailer/lib/mime-funcs";
import type { Address } from "../email/address.ts";
import { toSafeFileName } from "../email/file-name.ts";
import { AppError } from "../errors.ts";
import { type AttachedFile, formatMegabytes, forwardFewerHint, toMediaType } from "./attached-file.ts";
import { buildEmail } from "./build-email.ts";
import { composeFromDraft, draftQuote, quoteMarker } from "./draft.ts";
import type {
  Basis,
  ComposeDeps,
  ComposedEmail,
  EmailRequest,
  OriginalEmail,
  Signature,
} from "./email-request.ts";
import { isHtmlBody, markdownToHtml, plainTextToHtml, toHtmlDocument } from "./markdown-html.ts";
import { markdownToText } from "./markdown-text.ts";
import { isOwnMessageId } from "./preview.ts";
import { removeMissingImages, toForwardedBody, toQuotedBody } from "./quoted-body.ts";
import { requireAddresses, withoutRepeats } from "./recipients.ts";
import {
  type Quote,
  toForwardQuote,
  toForwardSubject,
  toReferences,
  toReplyQuote,
  toReplyRecipients,
  toReplySubject,
} from "./reply.ts";
import { signText } from "./signature.ts";

/** Decoded size of all attachments of one email: the usual limit of mail servers, less the growth by base64. */
const maxAttachmentBytes = 25_000_000;

/**
 * Composes an email.
 *
 * @throws AppError invalid_input, too_large
 */
export async function compose(deps: ComposeDeps, request: EmailRequest): Promise<ComposedEmail> {
  const { basis } = request;
  if (basis.kind === "draft" && isUnchanged(request)) return composeFromDraft(deps, basis.draft);
  const recipients = toRecipients(request, deps.own);
  const files = requireFiles(request);
  const body = toBody(request, deps.signature);
  const { html, removed } = removeMissingImages(body.html, files);
  return buildEmail(
    deps,
    {
      ...recipients,
      subject: requireOneLine(request.subject ?? defaultSubject(basis)),
      text: body.text,
      html,
      quoteLength: body.quoteLength,
      files,
      calendar: request.calendar,
      ...toThread(basis),
    },
    {
      notes: [
        ...replyToNote(request),
        ...body.notes,
        ...(removed > 0 ? ["The pictures in its text were left out."] : []),
      ],
      replacesOwnDraft: isOwnMessageId(draftOf(basis)?.messageId),
      answers: basis.kind === "reply" ? basis.original.id : undefined,
      forwards: basis.kind === "forward" ? basis.original.id : undefined,
    },
  );
}

/** A draft that is sent as it stands. */
const isUnchanged = ({ basis: _, ...fields }: EmailRequest) =>
  Object.values(fields).every((value) => value === undefined);

const draftOf = (basis: Basis): OriginalEmail | undefined => (basis.kind === "new" ? undefined : basis.draft);

function toRecipients(
  request: EmailRequest,
  own: readonly string[],
): { to: Address[]; cc: Address[]; bcc: Address[] } {
  const { basis } = request;
  const draft = draftOf(basis);
  const computed = basis.kind === "reply" ? toReplyRecipients(basis.original, own, basis.all) : undefined;
  const requested = (name: "to" | "cc" | "bcc") => request[name] && requireAddresses(request[name], name);
  const [to = [], cc = [], bcc = []] = withoutRepeats([
    requested("to") ?? computed?.to ?? draft?.to ?? [],
    [...(computed?.cc ?? []), ...(requested("cc") ?? (computed ? [] : (draft?.cc ?? [])))],
    requested("bcc") ?? draft?.bcc ?? [],
  ]);
  return { to, cc, bcc };
}

/** Says that a Reply-To leads away from the sender: mailing lists do that, and so do fraudsters. */
function replyToNote({ basis, to }: EmailRequest): string[] {
  if (basis.kind !== "reply" || to !== undefined) return [];
  const { from, replyTo } = basis.original;
  const senders = from.map(({ address }) => address.toLowerCase());
  if (replyTo.length === 0 || replyTo.some(({ address }) => senders.includes(address.toLowerCase())))
    return [];
  return ["It goes to the address the email's Reply-To names, which is not its sender's."];
}

function defaultSubject(basis: Basis): string {
  switch (basis.kind) {
    case "new":
      return "";
    case "reply":
      return toReplySubject(basis.original.subject);
    case "forward":
      return toForwardSubject(basis.original.subject);
    case "draft":
      return basis.draft.subject;
  }
}

/** RFC 5322 section 3.6.4. A forward starts a new thread. */
function toThread(basis: Basis): { inReplyTo?: string; references: string[] } {
  if (basis.kind === "reply")
    return { inReplyTo: basis.original.messageId, references: toReferences(basis.original) };
  if (basis.kind === "draft") return { inReplyTo: basis.draft.inReplyTo, references: basis.draft.references };
  return { references: [] };
}

/** Both parts, and the number of characters at the end of the text that are the quote. */
type ComposedBody = { text: string; html: string; quoteLength: number; notes: string[] };

function toBody({ basis, body }: EmailRequest, signature: Signature | undefined): ComposedBody {
  const draft = draftOf(basis);
  if (body === undefined && basis.kind !== "forward") return keepDraftBody(draft);
  const markdown = toPlainLines(body ?? "");
  if (isHtmlBody(markdown))
    throw new AppError("invalid_input", "`body` is HTML, of which each tag would be seen.", {
      hint: "Write it in Markdown; what is meant to be seen as code goes between backticks.",
    });
  const quote = quoteOf(basis);
  const isShortened = (basis.kind === "reply" || basis.kind === "forward") && !basis.original.whole;
  return {
    ...withQuote(markdown, quote, basis.kind === "forward" ? undefined : signature),
    quoteLength: quote?.text.length ?? 0,
    notes: [
      ...(draft?.inReplyTo && !quote ? ["The quoted history of the former draft was not kept."] : []),
      ...(isShortened ? ["The quote is shortened: the email is very long."] : []),
    ],
  };
}

function keepDraftBody(draft: OriginalEmail | undefined): ComposedBody {
  if (!draft) throw new AppError("invalid_input", "`body` is missing.");
  const text = toPlainLines(draft.text ?? "");
  const html = draft.html ?? toHtmlDocument(plainTextToHtml(text));
  return { text, html, quoteLength: draftQuote(draft)?.text.length ?? 0, notes: [] };
}

/** Undefined for a reply to an email without words: an encrypted one, or pictures only. */
function quoteOf(basis: Basis): Quote | undefined {
  switch (basis.kind) {
    case "new":
      return undefined;
    case "reply": {
      const body = toQuotedBody(basis.original);
      return body.text === "" ? undefined : toReplyQuote(basis.original, body);
    }
    case "forward":
      return toForwardQuote(basis.original, toForwardedBody(basis.original));
    case "draft":
      return draftQuote(basis.draft);
  }
}

/** The text with the signature below it, and the quote below both. */
function withQuote(
  markdown: string,
  quote: Quote | undefined,
  signature: Signature | undefined,
): { text: string; html: string } {
  const words = { text: markdownToText(markdown), html: markdownToHtml(markdown) };
  const { text, html } = signature ? signText(signature, words.text, words.html) : words;
  if (!quote) return { text, html: toHtmlDocument(html) };
  return {
    text: text === "" ? quote.text : `${text}\n\n${quote.text}`,
    html: toHtmlDocument(`${html}\n${quoteMarker}\n${quote.html}`),
  };
}

/** The requested files, else those of the forwarded email and of the draft. Throws too_large. */
function requireFiles({ files: requested, basis }: EmailRequest): AttachedFile[] {
  const forwarded = basis.kind === "forward" ? basis.original.files : [];
  const files = requested?.map(toSafeFile) ?? [...forwarded, ...(draftOf(basis)?.files ?? [])];
  const total = files.reduce((sum, file) => sum + file.content.length, 0);
  if (total <= maxAttachmentBytes) return files;
  throw new AppError(
    "too_large",
    `The attachments have ${formatMegabytes(total)}; an email takes at most 25 MB.`,
    {
      hint:
        basis.kind === "forward" && !requested
          ? forwardFewerHint
          : "Leave some out, or send them in several emails.",
    },
  );
}

function toSafeFile(file: AttachedFile): AttachedFile {
  const name = toSafeFileName(file.name, "attachment");
  return { ...file, name, type: toMediaType(file.type === "" ? detectMimeType(name) : file.type) };
}

/** Throws invalid_input for a subject that would become more than one header. */
function requireOneLine(subject: string): string {
  const clean = subject.toWellFormed().trim();
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(clean) || clean.length > 900)
    throw new AppError("invalid_input", "`subject` must be one line of at most 900 characters.");
  return clean;
}

/** Normalizes to LF line ends, without control characters and trailing blank lines. */
function toPlainLines(body: string): string {
  return body
    .toWellFormed()
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trimEnd();
}
