/** Answering an invitation (RFC 5546) by an email to its organizer. */
import type { Composer } from "../compose/composer.ts";
import type { ComposedEmail, EmailRequest } from "../compose/email-request.ts";
import { escapeMarkdown } from "../compose/markdown-html.ts";
import { domainOfAddress } from "../email/address-domain.ts";
import { passesForDomain } from "../email/aligned-signature.ts";
import { toEmailContents } from "../email/email-contents.ts";
import { headerValue, parseAddresses, parseHeaders } from "../email/headers.ts";
import type { Part } from "../email/part.ts";
import { decodePartContent } from "../email/part-content.ts";
import { AppError } from "../errors.ts";
import { requireSameValidity } from "../imap/select.ts";
import { fetchOneFresh } from "../imap/sync.ts";
import { decodePart } from "../readable/part-text.ts";
import type { Access } from "./access.ts";
import { findAuthservId } from "./email/authserv-id.ts";
import { createFetchParts } from "./email/fetch-parts.ts";
import { fetchStructure } from "./email/fetch-structure.ts";
import type { PreparedAnswer } from "./writing.ts";

/** Octets of an invitation that are read. */
const maxCalendarBytes = 200_000;

type Answering = {
  access: Access;
  composer: Composer;
  own: readonly string[];
  compose(request: EmailRequest): Promise<ComposedEmail>;
};

/** See MailWriting.prepareAnswer. */
export async function prepareAnswer(
  { access, composer, own, compose }: Answering,
  request: { id: string; answer: "accept" | "tentative" | "decline"; comment?: string | undefined },
): Promise<PreparedAnswer> {
  const { id, answer, comment } = request;
  const { calendar, headers } = await readInvitation(access, id);
  const reply = await composer.answerInvitation(
    { calendar, own, answer, comment, now: access.clock.now() },
    access.signal,
  );
  const { organizer, summary } = reply;
  const senders = parseAddresses(headerValue(headers, "from")).map(({ address }) => address.toLowerCase());
  const isSender = senders.length === 1 && senders[0] === organizer.address.toLowerCase();
  const isProven = isSender || (await passesForOrganizer(access, headers, organizer.address));
  const isOwn = own.some((address) => address.toLowerCase() === reply.attendee.toLowerCase());
  const composed = await compose({
    basis: { kind: "new" },
    from: isOwn ? reply.attendee : undefined,
    to: [organizer.name ? `${organizer.name} <${organizer.address}>` : organizer.address],
    subject: `${prefixes[answer]}: ${summary || "invitation"}`,
    body: [
      `${escapeMarkdown(reply.attendee)} ${verbs[answer]}.`,
      ...(comment ? [escapeMarkdown(comment)] : []),
    ].join("\n\n"),
    calendar: reply.calendar,
    signature: false,
  });
  return { composed: { ...composed, answers: id }, summary, organizer: organizer.address, isProven };
}

const prefixes = { accept: "Accepted", tentative: "Tentative", decline: "Declined" } as const;
const verbs = {
  accept: "has accepted this invitation",
  tentative: "has tentatively accepted this invitation",
  decline: "has declined this invitation",
} as const;

/** True when a DKIM signature of the organizer's domain passes by the account's own server. */
async function passesForOrganizer(
  access: Access,
  headers: ReturnType<typeof parseHeaders>,
  organizer: string,
): Promise<boolean> {
  return passesForDomain(headers, domainOfAddress(organizer), await findAuthservId(access));
}

/** The calendar of an email and its headers. Throws email_not_found, email_moved, invalid_input without a calendar. */
async function readInvitation(access: Access, id: string) {
  const ref = access.toRef(id);
  const { root, headers } = await access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const query = { uid: true, bodyStructure: true, headers: ["from", "authentication-results"] };
    const email = await fetchOneFresh(imap, ref.uid, query);
    const root = await fetchStructure(imap, ref.uid, email.bodyStructure);
    return { root, headers: parseHeaders(email.headers ?? Buffer.alloc(0)) };
  });
  const part = findCalendar(root);
  if (!part)
    throw new AppError("invalid_input", "This email holds no invitation that can be answered.", {
      hint: "get_email shows what it holds.",
    });
  const key = part.part;
  const found = await createFetchParts(
    access,
    ref,
  )([{ key, start: 0, maxLength: maxCalendarBytes, size: part.size }]);
  const octets = decodePartContent(part, found.get(key) ?? Buffer.alloc(0));
  return { calendar: decodePart(part, { contentOf: () => octets }), headers };
}

/** The calendar in the text, else one that is attached. */
function findCalendar(root: Part): Part | undefined {
  const { calendars, attachments } = toEmailContents(root);
  const attached = attachments.map(({ part }) => part).filter(isCalendarFile);
  return calendars[0] ?? attached[0];
}

const isCalendarFile = ({ type, name }: Part) =>
  ["text/calendar", "application/ics"].includes(type) || /\.ics$/i.test(name ?? "");
