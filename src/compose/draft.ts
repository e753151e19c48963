/** A stored draft as an email to send, and the quote inside a draft that draft_email wrote. */
import MimeNode from "nodemailer/lib/mime-node";
import type { Address } from "../email/address.ts";
import { headerValue, parseHeaders } from "../email/headers.ts";
import { AppError } from "../errors.ts";
import type { ComposeDeps, Composed, Original } from "./composed-email.ts";
import { newMessageId, toIdentity } from "./identity.ts";
import { requireRecipientCount, toBareAddress, withoutRepeats } from "./recipients.ts";
import type { Quote } from "./reply.ts";

/** How many characters at the end of a draft's text are its quote. Never leaves with the email. */
export const quoteHeader = "X-Email-Connector-Quote";

/** Where the quote begins in the HTML. */
export const quoteMarker = "<!--quote-->";

/** The quote of a draft that we wrote, for the one that replaces it; undefined when another program rewrote it. */
export function keptQuote(draft: Original): Quote | undefined {
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

/** Header fields of a draft that go out with it; everything else in it stays at home. */
const sentFields = new Set([
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

/** A stored draft as it stands, also one a person wrote elsewhere: same body byte for byte, From and Date ours. */
export function fromDraft({ clock, from }: ComposeDeps, draft: Original): Composed {
  const source = Buffer.from(draft.source).toString("latin1");
  const split = /\r?\n\r?\n/.exec(source);
  const head = split ? source.slice(0, split.index) : source;
  const body = split ? source.slice(split.index + split[0].length) : "";
  const fields = head.split(/\r?\n(?![ \t])/).map((field) => field.replace(/\r?\n/g, "\r\n"));
  const nameOf = (field: string) => field.slice(0, field.indexOf(":")).trim().toLowerCase();
  const kept = fields.filter((field) => sentFields.has(nameOf(field)));
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
    requirePeople(draft.to),
    requirePeople(draft.cc),
    requirePeople(draft.bcc),
  ]);
  const text = (draft.text ?? "").replace(/\r\n?/g, "\n").trimEnd();
  return {
    messageId,
    recipients: requireRecipientCount([...to, ...cc, ...blind]),
    raw: toRaw(lines),
    copy: toRaw([...lines, ...bcc]),
    ...toIdentity({
      from,
      to,
      cc,
      bcc: blind,
      subject: draft.subject,
      text,
      files: draft.files,
      inReplyTo: draft.inReplyTo,
    }),
    ...(draft.inReplyTo ? { answersMessageId: draft.inReplyTo } : {}),
    notes: [],
  };
}

/** Everyone a draft names, as addresses we would send to. Throws invalid_input. */
function requirePeople(people: readonly Address[]): Address[] {
  return people.map(({ name, address }) => {
    const bare = toBareAddress(address);
    if (bare) return name ? { name, address: bare } : { address: bare };
    throw new AppError("invalid_input", "The draft names a recipient that is not an email address.", {
      hint: "Replace the draft with draft_email, giving its recipients anew.",
    });
  });
}
