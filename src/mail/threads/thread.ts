/** A conversation as it is read: the text of each email, quoted history folded, within one budget. */
import type { ImapFlow } from "imapflow";
import { headerValue, parseAddresses } from "../../email/headers.ts";
import { mayBeForwardSubject } from "../../email/subject.ts";
import { decodeTransfer } from "../../email/transfer-encoding.ts";
import { firstBytes, textParts } from "../../readable/body.ts";
import { renderBody } from "../../readable/render-body.ts";
import type { Access } from "../access.ts";
import { toAttachment } from "../email/get-email.ts";
import type { Thread, ThreadEmail } from "../reading.ts";
import { bodyOctets, type FetchedEmail } from "./fetched-email.ts";
import { type GatheredThread, gatherThread } from "./gather-thread.ts";

/** Characters of all bodies together; each email has its share, short ones leave theirs to the others. */
const budget = 25_000;
/** Named of each header; get_email names more. */
const maxPeople = 20;
/** Octets of all text parts together; each email has its share, and none more than get_email begins with. */
const maxOctets = 2_000_000;

/** Throws what gatherThread does. */
export async function getThread(access: Access, request: { id: string; limit: number }): Promise<Thread> {
  const conversation = await gatherThread(access, access.toRef(request.id));
  const shown = conversation.emails.slice(-request.limit);
  return {
    emails: await readBodies(access, shown),
    total: conversation.emails.length + conversation.beyond,
    searched: conversation.searched,
    skipped: conversation.skipped,
    notes: toNotes(conversation, shown),
  };
}

function toNotes(
  { emails, beyond, open }: GatheredThread,
  [oldest, ...others]: readonly FetchedEmail[],
): string[] {
  const left = emails.length + beyond - others.length - 1;
  // The day after, since others of the same day may be among them.
  const day = new Date((oldest?.at ?? 0) + 86_400_000).toISOString().slice(0, 10);
  return [
    left > 0
      ? `The ${left} oldest are left out: limit shows up to 50; older ones are found by search_emails with words of the subject and before:${day}.`
      : "",
    beyond > 0 ? `${beyond} of these were counted and not looked at.` : "",
    open ? "There may be more of it: what was found led on further than was followed." : "",
  ].filter((note) => note !== "");
}

/** `cut`: what was fetched of it ends before it does. */
type Text = { text: string; cut: boolean };

async function readBodies(access: Access, shown: readonly FetchedEmail[]): Promise<ThreadEmail[]> {
  const texts = new Map<FetchedEmail, Text>();
  const maxLength = Math.min(firstBytes, Math.floor(maxOctets / shown.length));
  for (const email of shown.filter(isHere)) texts.set(email, toText(email, email.bodies, false));
  const mailboxes = Map.groupBy(
    shown.filter((email) => !isHere(email)),
    ({ mailbox }) => mailbox,
  );
  await Promise.all(
    [...mailboxes].map(([mailbox, emails]) =>
      access.read(mailbox, async (imap) => {
        // Emails whose text is in the same parts come in one FETCH.
        const alike = Map.groupBy(emails, (email) => textParts(email.contents).join(" "));
        for (const some of alike.values()) await readAlike(imap, some, maxLength, texts);
      }),
    ),
  );
  const shares = toShares(shown.map((email) => texts.get(email)?.text.length ?? 0));
  return shown.map((email, at) => {
    const { text, cut } = texts.get(email) ?? { text: "", cut: false };
    const body = text.slice(0, shares[at] ?? 0).toWellFormed();
    return {
      id: email.id,
      mailbox: email.mailbox,
      from: parseAddresses(headerValue(email.headers, "from"))[0] ?? { address: "" },
      to: parseAddresses(headerValue(email.headers, "to")).slice(0, maxPeople),
      cc: parseAddresses(headerValue(email.headers, "cc")).slice(0, maxPeople),
      subject: email.subject,
      date: email.date,
      unread: email.unread,
      draft: email.draft,
      attachments: email.contents.attachments
        .filter(({ inline, inside }) => !inline && inside === undefined)
        .map(toAttachment)
        .map(({ index, name }) => ({ index, name })),
      body,
      left: text.length - body.length,
      cut,
    };
  });
}

async function readAlike(
  imap: ImapFlow,
  emails: readonly FetchedEmail[],
  maxLength: number,
  texts: Map<FetchedEmail, Text>,
): Promise<void> {
  const [first] = emails;
  const keys = first ? textParts(first.contents) : [];
  const bodyParts = keys.map((key) => ({ key, start: 0, maxLength }));
  const range = emails.map(({ uid }) => uid).join(",");
  const fetched = await imap.fetchAll(range, { uid: true, bodyParts }, { uid: true });
  const byUid = new Map(fetched.map((email) => [email.uid, email.bodyParts ?? new Map<string, Buffer>()]));
  for (const email of emails) {
    const bodies = byUid.get(email.uid) ?? new Map<string, Buffer>();
    const cut = keys.some((key) => (bodies.get(key)?.length ?? 0) >= maxLength);
    texts.set(email, toText(email, bodies, cut));
  }
}

function toText(email: FetchedEmail, bodies: ReadonlyMap<string, Buffer>, cut: boolean): Text {
  const forward = mayBeForwardSubject(email.subject);
  const { text, notes } = renderBody(email.contents, { format: "markdown", forward }, (part) => {
    const bytes = bodies.get(part.part);
    return bytes && decodeTransfer(bytes, part.encoding);
  });
  return { text: text || notes.join(" "), cut };
}

/** All of its text came when it was found, or there is none. */
function isHere(email: FetchedEmail): boolean {
  return textParts(email.contents).every((key) => (email.bodies.get(key)?.length ?? bodyOctets) < bodyOctets);
}

/** Characters for each text: all of it when the budget allows, else an equal share of what the shorter ones leave. */
export function toShares(lengths: readonly number[]): number[] {
  const shares = lengths.map(() => 0);
  let left = budget;
  const order = lengths.map((length, at) => ({ length, at })).sort((a, b) => a.length - b.length);
  order.forEach(({ length, at }, done) => {
    const share = Math.min(length, Math.floor(left / (order.length - done)));
    shares[at] = share;
    left -= share;
  });
  return shares;
}
