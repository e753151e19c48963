/**
 * Which emails are one conversation: gathered over inbox, sent, archive and the mailbox the email is in.
 *
 * Where a server numbers conversations itself (RFC 8474, Gmail), it is asked by that number. Elsewhere Message-ID,
 * References and In-Reply-To decide, and nothing else. Following them from email to email takes a round for every
 * link, so emails of the same subject are looked at in the first one, too: what no id links is a stranger's and dropped.
 */
import type { ImapFlow } from "imapflow";
import type { EmailRef } from "../../email/email-id.ts";
import type { ThreadKeys } from "../../email/thread-keys.ts";
import { type MailboxCache, rememberEmail } from "../../imap/mailbox-cache.ts";
import { atom, ignoreRefusal, uidSearch } from "../../imap/raw-search.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { fetchOneFresh } from "../../imap/sync.ts";
import { textParts } from "../../readable/body.ts";
import type { Access } from "../access.ts";
import { type KnownMailbox, knownMailboxes } from "../mailboxes.ts";
import { type FetchedEmail, toFetchedEmail, toLinks, withBodies } from "./fetched-email.ts";
import { createMailboxVisits, type MailboxVisits, maxPerMailbox, visitMailboxes } from "./mailbox-visits.ts";
import { type Asked, findCandidates, type Key, type Question, toQuestion } from "./thread-search.ts";

/** How often what was found is asked for what it leads to; a conversation of equal subject is whole after one. */
const maxRounds = 5;

export type GatheredThread = {
  /** Each once, oldest first. */
  emails: FetchedEmail[];
  /** Further, older ones in mailboxes that hold too many to look at. */
  beyond: number;
  /** Whether it was left while it still led on. */
  open: boolean;
  searched: string[];
  skipped: { mailbox: string; reason: string }[];
};

/**
 * Throws email_moved, email_not_found, and what its own mailbox or the list of the others fails with; another mailbox's
 * failure is told in `skipped`.
 */
export async function gatherThread(access: Access, ref: EmailRef): Promise<GatheredThread> {
  const starting = begin(access, ref);
  const list = () => access.read(undefined, (imap) => knownMailboxes(imap, true));
  // Where another connection is there, it is asked at the same time.
  const listing = access.hasSpare() ? list() : undefined;
  listing?.catch(() => {});
  const start = await starting;
  // It refers to nothing, and nothing can refer to it.
  if (start.first && !start.number && start.ids.length === 0)
    return toConversation(start.first, [], createMailboxVisits(ref, Promise.resolve([])));
  const known = listing ?? Promise.resolve(await list());
  const others = known.then((mailboxes) => toOthers(mailboxes, start));
  others.catch(() => {});
  const visits = () => createMailboxVisits(ref, others);
  const numbered = start.number && (await gatherByNumber(access, start, start.number.keys, visits()));
  return numbered ?? gatherByIds(access, start, visits());
}

/** Where else it is looked for: where all is, or in inbox, sent and archive. */
function toOthers(known: readonly KnownMailbox[], { number }: Start): readonly KnownMailbox[] {
  const all = number?.gmail ? known.find(({ holdsAll }) => holdsAll) : undefined;
  return all ? [all] : known.filter(({ role }) => role === "inbox" || role === "sent" || role === "archive");
}

/** What a conversation is asked for by, and the email itself unless it comes with the others. */
type Start = ThreadKeys & {
  ref: EmailRef;
  number?: { keys: Key; gmail: boolean };
  first?: FetchedEmail;
  /** The parts that its text is in. */
  parts: readonly string[];
};

/** As it was noted when it was listed, which takes no round trip, else as it is read. */
async function begin(access: Access, ref: EmailRef): Promise<Start> {
  return access.read(ref.mailbox, async (imap, cache) => {
    requireSameValidity(imap, ref);
    const noted = cache.links.get(ref.uid);
    const number = toNumber(imap, noted?.threadId);
    if (noted && (number || noted.ids.length > 0))
      return { ...noted, ref, ...(number ? { number } : {}), parts: cache.textParts.get(ref.uid) ?? [] };
    return readFirst(access, ref, imap, cache);
  });
}

/** The email itself. Throws email_moved and email_not_found. */
async function readFirst(
  access: Access,
  ref: EmailRef,
  imap: ImapFlow,
  cache: MailboxCache,
): Promise<Start & { first: FetchedEmail }> {
  requireSameValidity(imap, ref);
  const ask = withBodies(cache.textParts.get(ref.uid) ?? []);
  const email = await fetchOneFresh(imap, ref.uid, ask);
  const first = toFetchedEmail(access, imap, ref.mailbox, email);
  const seen = { parts: textParts(first.contents), links: toLinks(first) };
  rememberEmail(cache, ref.uid, seen);
  const number = toNumber(imap, first.threadId);
  return { ...seen.links, ref, first, parts: seen.parts, ...(number ? { number } : {}) };
}

/** The number its conversation has where a server gives it one, as it is asked for. */
function toNumber(imap: ImapFlow, threadId: string | undefined): Start["number"] {
  if (threadId === undefined) return undefined;
  // imapflow asks for the one of RFC 8474 where a server has both.
  const key = imap.capabilities.has("OBJECTID") ? "THREADID" : "X-GM-THRID";
  return { keys: [atom(key), atom(threadId)], gmail: imap.capabilities.has("X-GM-EXT-1") };
}

/** The email itself among those that were found, else as it is read now. Throws email_moved and email_not_found. */
async function requireFirst(
  access: Access,
  { ref }: Start,
  found: readonly FetchedEmail[],
): Promise<FetchedEmail> {
  const isIt = ({ mailbox, uid }: FetchedEmail) => mailbox === ref.mailbox && uid === ref.uid;
  return (
    found.find(isIt) ??
    access.read(ref.mailbox, async (imap, cache) => (await readFirst(access, ref, imap, cache)).first)
  );
}

/** All of them by the server's own number; undefined when the server does not find even the email itself by it. */
async function gatherByNumber(
  access: Access,
  start: Start,
  keys: Key,
  visits: MailboxVisits,
): Promise<GatheredThread | undefined> {
  let believed = false;
  const { ref } = start;
  const emails = await visitMailboxes(access, visits, start.parts, async (imap, path) => {
    const uids = (await uidSearch(imap, keys).catch(ignoreRefusal)) ?? [];
    believed ||= path === ref.mailbox && uids.includes(ref.uid);
    return uids;
  });
  if (!believed) return undefined;
  return toConversation(start.first ?? (await requireFirst(access, start, emails)), emails, visits);
}

async function gatherByIds(access: Access, start: Start, visits: MailboxVisits): Promise<GatheredThread> {
  const { ref } = start;
  const pool = new Map<string, FetchedEmail>();
  const asked: Asked = { words: new Set(), wholeSubjects: true };
  const lookFor = async (question: Question, linked: readonly FetchedEmail[]) => {
    const found = await visitMailboxes(access, visits, start.parts, async (imap, path) => {
      const own = linked.filter(({ mailbox }) => mailbox === path).map(({ uid }) => uid);
      if (path === ref.mailbox) own.push(ref.uid);
      const candidates = await findCandidates(imap, question, { own, most: maxPerMailbox });
      asked.wholeSubjects &&= candidates.wholeSubjects;
      return path === ref.mailbox ? [...candidates.uids, ref.uid] : candidates.uids;
    });
    for (const email of found) pool.set(email.id, email);
    return found;
  };
  let { first } = start;
  if (first) visits.see(ref.mailbox, [ref.uid]);
  else {
    const question = toQuestion([{ ...start, at: 0 }], asked);
    first = await requireFirst(access, start, question ? await lookFor(question, []) : []);
  }
  pool.set(first.id, first);
  let linked = toLinked(first, pool);
  for (let round = start.first ? 0 : 1; ; round += 1) {
    const question = toQuestion(linked, asked);
    if (!question) return toConversation(first, linked, visits);
    if (round === maxRounds) return { ...(await toConversation(first, linked, visits)), open: true };
    await lookFor(question, linked);
    const before = linked.length;
    linked = toLinked(first, pool);
    if (linked.length === before) return toConversation(first, linked, visits);
  }
}

/** Those of the emails looked at that ids link to the first, over however many others. */
function toLinked(first: FetchedEmail, pool: ReadonlyMap<string, FetchedEmail>): FetchedEmail[] {
  const ids = new Set(first.ids);
  const linked = new Set([first]);
  let size: number;
  do {
    size = linked.size;
    for (const email of pool.values()) {
      if (linked.has(email) || !email.ids.some((id) => ids.has(id))) continue;
      linked.add(email);
      for (const id of email.ids) ids.add(id);
    }
  } while (linked.size > size);
  return [...linked];
}

async function toConversation(
  first: FetchedEmail,
  emails: readonly FetchedEmail[],
  visits: MailboxVisits,
): Promise<GatheredThread> {
  // The copy in Sent and the copy that came back are one email; the one that was asked for is shown.
  const once = new Map([[first.same, first]]);
  for (const email of emails) if (!once.has(email.same)) once.set(email.same, email);
  return {
    // Of the same second, what refers to more came later; else what the mailbox took later.
    emails: [...once.values()].sort((a, b) => a.at - b.at || a.ids.length - b.ids.length || a.uid - b.uid),
    beyond: visits.beyond(),
    open: false,
    searched: await visits.searched(),
    skipped: [...visits.skipped].map(([mailbox, reason]) => ({ mailbox, reason })),
  };
}
