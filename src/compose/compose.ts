/**
 * An email as asked for, finished: MIME with text and HTML, in CRLF. What a reply, a forward or a kept draft needs is
 * computed here; nothing is read or sent. From is always the account; no file and no URL is ever opened.
 */
import { isUtf8 } from "node:buffer";
import MailComposer from "nodemailer/lib/mail-composer";
import { detectMimeType } from "nodemailer/lib/mime-funcs";
import type { Address } from "../email/address.ts";
import { AppError } from "../errors.ts";

import { newToken } from "../secrets.ts";
import type { ComposeDeps, Composed, EmailRequest, File, Original } from "./composed-email.ts";
import { fromDraft, keptQuote, quoteHeader, quoteMarker } from "./draft.ts";
import { leaveOut, toFileName, toFileType, toMegabytes } from "./file.ts";
import { newMessageId, toIdentity } from "./identity.ts";
import { isHtml, toDocument, toHtml, toLines } from "./markdown.ts";
import { toPlain } from "./plain.ts";
import { dropPictures, toForwardable, toQuotable } from "./quotable.ts";
import { requireAddresses, requireRecipientCount, withoutRepeats } from "./recipients.ts";
import {
  type Quote,
  toForwardQuote,
  toForwardSubject,
  toReferences,
  toReplyQuote,
  toReplyRecipients,
  toReplySubject,
} from "./reply.ts";

/** All attachments of one email, decoded: what mail servers take, less base64's third. */
const maxAttachmentBytes = 25_000_000;

/** The parts of an email before it becomes MIME. */
type Parts = {
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  text: string;
  html: string;
  files: File[];
  inReplyTo?: string;
  references: string[];
  /** Characters at the end of `text` that are the quote. */
  quoteLength: number;
};

/** Builds what `request` asks for. Throws invalid_input, too_large. */
export async function compose(deps: ComposeDeps, request: EmailRequest): Promise<Composed> {
  const { replied, forwarded, draft } = request;
  if (replied && forwarded) throw new AppError("invalid_input", "Give `reply_to` or `forward`, not both.");
  const notes: string[] = [];
  if (draft && isUntouched(request)) return fromDraft(deps, draft);

  const computed = replied && toReplyRecipients(replied, deps.own, request.replyAll === true);
  if (replied && request.to === undefined && answersElsewhere(replied))
    notes.push("It goes to the address the email's Reply-To names, which is not its sender's.");
  const asked = (texts: readonly string[] | undefined, name: string) =>
    texts === undefined ? undefined : requireAddresses(texts, name);
  const [to = [], cc = [], bcc = []] = withoutRepeats([
    asked(request.to, "to") ?? computed?.to ?? draft?.to ?? [],
    [...(computed?.cc ?? []), ...(asked(request.cc, "cc") ?? (computed ? [] : (draft?.cc ?? [])))],
    asked(request.bcc, "bcc") ?? draft?.bcc ?? [],
  ]);

  const subject =
    request.subject ??
    (replied ? toReplySubject(replied.subject) : undefined) ??
    (forwarded ? toForwardSubject(forwarded.subject) : undefined) ??
    draft?.subject ??
    "";
  const files = requireSize(request);
  const { text, quoteLength, ...body } = toBody(request, notes);
  const { html, dropped } = dropPictures(body.html, files);
  if (dropped > 0) notes.push("The pictures in its text were left out.");
  const thread = replied ?? (forwarded ? undefined : draft);
  const inReplyTo = replied ? replied.messageId : thread?.inReplyTo;

  return finish(
    deps,
    {
      to,
      cc,
      bcc,
      subject: requireOneLine(subject),
      text,
      html,
      quoteLength,
      files,
      references: replied ? toReferences(replied) : (thread?.references ?? []),
      ...(inReplyTo ? { inReplyTo } : {}),
    },
    {
      notes,
      ...(replied ? { answers: replied.id } : {}),
      ...(forwarded ? { forwards: forwarded.id } : {}),
    },
  );
}

/** A Reply-To that leads away from the sender: a mailing list's custom, and a swindler's. */
function answersElsewhere({ from, replyTo }: Original): boolean {
  const senders = from.map(({ address }) => address.toLowerCase());
  return replyTo.length > 0 && !replyTo.some(({ address }) => senders.includes(address.toLowerCase()));
}

/** Nothing but a draft was named: it goes out as it stands. */
const isUntouched = ({ draft: _, ...rest }: EmailRequest) =>
  Object.values(rest).every((value) => value === undefined);

function toBody(request: EmailRequest, notes: string[]): Pick<Parts, "text" | "html" | "quoteLength"> {
  const { replied, forwarded, draft } = request;
  if (request.body === undefined && !forwarded) {
    if (!draft) throw new AppError("invalid_input", "`body` is missing.");
    const text = toPlainLines(draft.text ?? "");
    return {
      text,
      html: draft.html ?? toDocument(toLines(text)),
      quoteLength: keptQuote(draft)?.text.length ?? 0,
    };
  }
  const body = toPlainLines(request.body ?? "");
  if (isHtml(body))
    throw new AppError("invalid_input", "`body` is HTML, of which each tag would be seen.", {
      hint: "Write it in Markdown; what is meant to be seen as code goes between backticks.",
    });
  const quote = replied
    ? quoteOf(replied)
    : forwarded
      ? toForwardQuote(forwarded, toForwardable(forwarded))
      : draft && keptQuote(draft);
  if (draft?.inReplyTo && !quote) notes.push("The quoted history of the former draft was not kept.");
  if ((replied ?? forwarded)?.whole === false) notes.push("The quote is shortened: the email is very long.");
  return { ...withQuote(body, quote), quoteLength: quote?.text.length ?? 0 };
}

/** Nothing to quote of an email without words: encrypted, or nothing but pictures. */
function quoteOf(replied: Original): Quote | undefined {
  const body = toQuotable(replied);
  return body.text === "" ? undefined : toReplyQuote(replied, body);
}

/** `body` is markdown; both parts say its words. */
function withQuote(body: string, quote: Quote | undefined): { text: string; html: string } {
  const [text, html] = [toPlain(body), toHtml(body)];
  if (!quote) return { text, html: toDocument(html) };
  return {
    text: text === "" ? quote.text : `${text}\n\n${quote.text}`,
    html: toDocument(`${html}\n${quoteMarker}\n${quote.html}`),
  };
}

/** Text that is UTF-8 says so: without a charset it is taken for ASCII (RFC 2046 section 4.1.2). */
function toContentType({ type, content }: File): string {
  if (!type.startsWith("text/") || !isUtf8(content)) return type;
  return `${type}; charset=utf-8`;
}

/** What goes along: the files asked for, else those of what it builds on. Throws too_large. */
function requireSize({ files: asked, forwarded, draft }: EmailRequest): File[] {
  const files = asked?.map(toSafeFile) ?? [...(forwarded?.files ?? []), ...(draft?.files ?? [])];
  const total = files.reduce((sum, file) => sum + file.content.length, 0);
  if (total <= maxAttachmentBytes) return files;
  throw new AppError(
    "too_large",
    `The attachments have ${toMegabytes(total)}; an email takes at most 25 MB.`,
    { hint: forwarded && !asked ? leaveOut : "Leave some out, or send them in several emails." },
  );
}

function toSafeFile(file: File): File {
  const name = toFileName(file.name);
  return { ...file, name, type: toFileType(file.type === "" ? detectMimeType(name) : file.type) };
}

/** Parts -> MIME, twice with the same boundaries: without Bcc to go out, with it for Drafts and Sent. */
async function finish(
  { clock, from }: ComposeDeps,
  parts: Parts,
  about: Pick<Composed, "notes" | "answers" | "forwards">,
): Promise<Composed> {
  const recipients = requireRecipientCount([...parts.to, ...parts.cc, ...parts.bcc]);
  const messageId = newMessageId(from.address);
  const boundary = newToken(12);
  const build = (copy: boolean): Promise<Buffer> => {
    const node = new MailComposer({
      from: toMailbox(from),
      to: parts.to.map(toMailbox),
      cc: parts.cc.map(toMailbox),
      bcc: parts.bcc.map(toMailbox),
      subject: parts.subject,
      messageId,
      date: new Date(clock.now()),
      text: toCrlf(parts.text),
      html: toCrlf(parts.html),
      encoding: "quoted-printable",
      attachments: parts.files.map((file) => ({
        filename: file.name,
        contentType: toContentType(file),
        // These may be encoded, other message types may not (RFC 6532 section 3.7, RFC 2046 section 5.2.1).
        ...(file.type.startsWith("message/global") ? { contentTransferEncoding: "base64" as const } : {}),
        content: Buffer.from(file.content.buffer, file.content.byteOffset, file.content.byteLength),
        ...(file.cid ? { cid: file.cid, contentDisposition: "inline" } : {}),
      })),
      references: parts.references,
      baseBoundary: boundary,
      newline: "win",
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(parts.inReplyTo ? { inReplyTo: parts.inReplyTo } : {}),
      ...(copy && parts.quoteLength > 0 ? { headers: { [quoteHeader]: String(parts.quoteLength) } } : {}),
    }).compile();
    node.keepBcc = copy;
    return node.build();
  };
  const [raw, copy] = await Promise.all([build(false), build(true)]);
  return {
    messageId,
    recipients,
    raw,
    copy,
    ...toIdentity({ from, ...parts }),
    ...about,
  };
}

/** Address objects, never strings: a string would be parsed for more addresses. */
const toMailbox = ({ name, address }: Address) => ({ name: name ?? "", address });

/** Throws invalid_input for a subject that would become more than one header. */
function requireOneLine(subject: string): string {
  const clean = subject.toWellFormed().trim();
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(clean) || clean.length > 900)
    throw new AppError("invalid_input", "`subject` must be one line of at most 900 characters.");
  return clean;
}

/** LF line ends, no control characters, no trailing blank lines. */
function toPlainLines(body: string): string {
  return body
    .toWellFormed()
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trimEnd();
}

const toCrlf = (text: string) => `${text.replace(/\r?\n/g, "\r\n").trimEnd()}\r\n`;
