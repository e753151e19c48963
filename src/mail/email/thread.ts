/**
 * A conversation: the emails that refer to each other, over inbox, sent, archive and the mailbox the email is in,
 * each once. By the server's own thread ids where it has them, else by Message-ID, References and In-Reply-To.
 */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import { type Access, requireSameValidity } from "../access.ts";
import { readFresh } from "../connection/freshness.ts";
import { knownMailboxes } from "../mailboxes.ts";
import type { Thread, ThreadEmail } from "../reading.ts";
import { atom, type SearchToken, string, uidSearch } from "../search/raw-search.ts";
import { countAttachments, emptyPart, isoOf, lowerCaseFlags, receivedAt } from "../search/rows.ts";
import { partsToRead } from "../text/body.ts";
import { type Header, headerValue, parseHeaders, toAddresses, toIsoDate, toText } from "../text/headers.ts";
import { renderBody } from "../text/render-body.ts";
import { decodeTransfer } from "../text/transfer.ts";
import { isForward } from "./email.ts";
import { type Anatomy, toAnatomy, toPart } from "./structure.ts";

/** Characters of all bodies together; each email has its share, short ones leave theirs to the others. */
const budget = 25_000;
/** Octets of each text part. */
const maxPartBytes = 65_536;
/** Message-IDs that are asked for; a conversation's later emails name its first ones anyway. */
const maxIds = 12;
const maxRounds = 3;
/** Emails of one mailbox that are looked at, the newest. */
const maxPerMailbox = 200;

type Found = {
  mailbox: string;
  uid: number;
  id: string;
  messageId: string;
  headers: Header[];
  at: number;
  date: string;
  unread: boolean;
  attachments: number;
  anatomy: Anatomy;
};

const linkHeaders = ["message-id", "in-reply-to", "references"];
const query: FetchQueryObject = {
  uid: true,
  flags: true,
  internalDate: true,
  bodyStructure: true,
  headers: ["from", "to", "subject", "date", ...linkHeaders],
};

export async function getThread(access: Access, request: { id: string; limit: number }): Promise<Thread> {
  const ref = access.toRef(request.id);
  const start = await access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const gmail = imap.capabilities.has("X-GM-EXT-1");
    const ask: FetchQueryObject = { uid: true, headers: linkHeaders, threadId: gmail };
    const found =
      (await imap.fetchOne(String(ref.uid), ask, { uid: true })) || (await again(imap, ref.uid, ask));
    return {
      ids: idsOf(parseHeaders(found.headers ?? Buffer.alloc(0))),
      threadId: gmail ? found.threadId : undefined,
    };
  });
  const paths = await placesOf(access, ref.mailbox, start.threadId !== undefined);
  const found = new Map<string, Found>();
  const skipped = new Map<string, string>();
  /** How many of the conversation are in a mailbox where there are too many to look at. */
  const crowded = new Map<string, number>();
  const keep = (emails: readonly Found[]) => {
    for (const email of emails) {
      // The copy in Sent and the copy that came back are one email; the one that was asked for is shown.
      const key = email.messageId || email.id;
      if (!found.has(key) || email.id === request.id) found.set(key, email);
    }
  };
  let ids = new Set(start.ids);
  const asked = new Set<string>();
  for (let round = 0; round < maxRounds; round += 1) {
    const next = [...ids].filter((id) => !asked.has(id)).slice(0, maxIds);
    if (next.length === 0 && round > 0) break;
    for (const id of next) asked.add(id);
    const keys = keysOf(start.threadId, next);
    // An email without Message-ID and references is its own conversation.
    const settled = await Promise.allSettled(
      paths.map((path) =>
        look(access, path, keys ?? uidKey(ref.uid), keys === undefined && path !== ref.mailbox),
      ),
    );
    settled.forEach((outcome, at) => {
      const path = paths[at] ?? "";
      if (outcome.status === "fulfilled") {
        keep(outcome.value.emails);
        const { count } = outcome.value;
        if (count > maxPerMailbox) crowded.set(path, Math.max(count, crowded.get(path) ?? 0));
      }
      // The email's own mailbox must be readable; another that is not is left out, and said.
      else if (path === ref.mailbox || !(outcome.reason instanceof AppError)) throw outcome.reason;
      else skipped.set(path, outcome.reason.message);
    });
    if (start.threadId !== undefined || keys === undefined) break;
    ids = new Set([...found.values()].flatMap(({ headers }) => idsOf(headers)));
  }
  // Of the same second, what refers to more came later.
  const all = [...found.values()].sort(
    (a, b) => a.at - b.at || idsOf(a.headers).length - idsOf(b.headers).length,
  );
  const shown = all.slice(-request.limit);
  const emails = await readBodies(access, shown);
  const left = all.length - shown.length;
  return {
    emails,
    total: all.length,
    searched: paths.filter((path) => !skipped.has(path)),
    skipped: [...skipped].map(([mailbox, reason]) => ({ mailbox, reason })),
    notes: [
      ...(left > 0
        ? [`The ${left} oldest emails of the conversation are left out; a higher limit shows them.`]
        : []),
      ...[...crowded.values()].map(
        (count) =>
          `One mailbox holds ${count} emails of it: only its newest ${maxPerMailbox} were looked at and counted.`,
      ),
    ],
  };
}

async function again(imap: ImapFlow, uid: number, ask: FetchQueryObject): Promise<FetchMessageObject> {
  await imap.noop();
  const found = await imap.fetchOne(String(uid), ask, { uid: true });
  if (!found) throw new AppError("email_not_found", "There is no email with this id any more.");
  return found;
}

const uidKey = (uid: number): SearchToken[] => [atom("UID"), { type: "SEQUENCE", value: String(uid) }];

/** All ids an email names, its own first, then the oldest: these the others name, too. */
function idsOf(headers: readonly Header[]): string[] {
  const all = linkHeaders.flatMap(
    (name) => (headerValue(headers, name) ?? "").match(/<[^<>\s]{1,500}>/g) ?? [],
  );
  return [...new Set(all)];
}

function keysOf(threadId: string | undefined, ids: readonly string[]): SearchToken[] | undefined {
  if (threadId !== undefined) return [atom("X-GM-THRID"), atom(threadId)];
  const keys = ids.flatMap((id) =>
    ["Message-ID", "References", "In-Reply-To"].map((name): SearchToken[] => [
      atom("HEADER"),
      atom(name),
      string(id),
    ]),
  );
  const [first, ...rest] = keys;
  return first && rest.reduce<SearchToken[]>((joined, key) => [atom("OR"), key, joined], first);
}

async function placesOf(access: Access, own: string, gmail: boolean): Promise<string[]> {
  const known = await access.read(undefined, (imap) => knownMailboxes(imap));
  const all = gmail ? known.find(({ holdsAll }) => holdsAll) : undefined;
  if (all) return [...new Set([all.path, own])];
  const places = known.filter(({ role }) => role === "inbox" || role === "sent" || role === "archive");
  return [...new Set([own, ...places.map(({ path }) => path)])];
}

function look(
  access: Access,
  path: string,
  keys: readonly SearchToken[],
  nothing: boolean,
): Promise<{ emails: Found[]; count: number }> {
  if (nothing) return Promise.resolve({ emails: [], count: 0 });
  return access.read(path, async (imap) => {
    const uids = await readFresh(imap, () => uidSearch(imap, keys));
    if (uids.length === 0) return { emails: [], count: 0 };
    const newest = uids.toSorted((a, b) => a - b).slice(-maxPerMailbox);
    const emails = await imap.fetchAll(newest.join(","), query, { uid: true });
    return { emails: emails.map((email) => toFound(access, imap, path, email)), count: uids.length };
  });
}

function toFound(access: Access, imap: ImapFlow, mailbox: string, email: FetchMessageObject): Found {
  const headers = parseHeaders(email.headers ?? Buffer.alloc(0));
  const root = email.bodyStructure ? toPart(email.bodyStructure) : emptyPart;
  const date = toIsoDate(headerValue(headers, "date")) ?? isoOf(receivedAt(email));
  return {
    mailbox,
    uid: email.uid,
    id: access.toId(imap, email.uid),
    messageId: headerValue(headers, "message-id") ?? "",
    headers,
    date,
    at: Date.parse(date),
    unread: !lowerCaseFlags(email).has("\\seen"),
    attachments: countAttachments(root),
    anatomy: toAnatomy(root),
  };
}

async function readBodies(access: Access, shown: readonly Found[]): Promise<ThreadEmail[]> {
  const texts = new Map<Found, string>();
  const mailboxes = Map.groupBy(shown, ({ mailbox }) => mailbox);
  await Promise.all(
    [...mailboxes].map(([mailbox, emails]) =>
      access.read(mailbox, async (imap) => {
        // Emails whose text is in the same parts come in one FETCH.
        const alike = Map.groupBy(emails, ({ anatomy }) => keysToRead(anatomy).join(" "));
        for (const some of alike.values()) await readAlike(imap, some, texts);
      }),
    ),
  );
  const shares = toShares(shown.map((email) => texts.get(email)?.length ?? 0));
  return shown.map((email, at) => {
    const text = texts.get(email) ?? "";
    const body = text.slice(0, shares[at] ?? 0).toWellFormed();
    return {
      id: email.id,
      mailbox: email.mailbox,
      from: toAddresses(headerValue(email.headers, "from"))[0] ?? { address: "" },
      to: toAddresses(headerValue(email.headers, "to")).slice(0, 20),
      subject: toText(headerValue(email.headers, "subject")),
      date: email.date,
      unread: email.unread,
      attachments: email.attachments,
      body,
      left: text.length - body.length,
    };
  });
}

const keysToRead = (anatomy: Anatomy) => partsToRead(anatomy, "markdown").map(({ part }) => part);

async function readAlike(imap: ImapFlow, emails: readonly Found[], texts: Map<Found, string>): Promise<void> {
  const [first] = emails;
  const keys = first ? keysToRead(first.anatomy) : [];
  const bodyParts = keys.map((key) => ({ key, start: 0, maxLength: maxPartBytes }));
  const range = emails.map(({ uid }) => uid).join(",");
  const fetched = keys.length > 0 ? await imap.fetchAll(range, { uid: true, bodyParts }, { uid: true }) : [];
  const byUid = new Map(fetched.map((email) => [email.uid, email.bodyParts]));
  for (const email of emails) {
    const forward = isForward(toText(headerValue(email.headers, "subject")));
    const { text, notes } = renderBody(email.anatomy, { format: "markdown", forward }, (part) => {
      const bytes = byUid.get(email.uid)?.get(part.part);
      return bytes && decodeTransfer(bytes, part.encoding);
    });
    texts.set(email, text || notes.join(" "));
  }
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
