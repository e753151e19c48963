/**
 * The emails of one thread, gathered over inbox, sent, archive and the mailbox of the email that was asked for.
 *
 * Where a server has thread ids (RFC 8474, Gmail), these decide; elsewhere Message-ID, References and In-Reply-To
 * alone. Following those from email to email takes a round for each link, so the first round also fetches emails of the
 * same subject; what no id links to the thread is dropped again.
 */
import type { ImapFlow } from "imapflow";
import type { EmailRef } from "../../email/email-id.ts";
import type { ThreadKeys } from "../../email/thread-keys.ts";
import { type MailboxCache, rememberEmail } from "../../imap/mailbox-cache.ts";
import { sendTogether } from "../../imap/pipeline.ts";
import { atom, ignoreRefusal } from "../../imap/raw-search.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { fetchOneFresh } from "../../imap/sync.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import { textPartNumbers } from "../../readable/body.ts";
import type { Access } from "../access.ts";
import { type KnownMailbox, knownMailboxes } from "../mailboxes.ts";
import { type FetchedEmail, threadKeysOf, toFetchedEmail, withBodies } from "./fetched-email.ts";
import { createMailboxVisits, type MailboxVisits, maxPerMailbox, visitMailboxes } from "./mailbox-visits.ts";
import {
  findCandidates,
  type SearchedSoFar,
  type SearchKey,
  type ThreadQuery,
  toThreadQuery,
} from "./thread-search.ts";

/** Rounds of following ids at most; a thread under one subject is complete after the first. */
const maxRounds = 5;

export type GatheredThread = {
  /** Each email once, oldest first. */
  emails: FetchedEmail[];
  /** Number of older emails that were found and not fetched. */
  beyond: number;
  /** True when ids still led to further emails after the last round. */
  open: boolean;
  /** True when the server refused to search for message ids. */
  refused: boolean;
  /** Ids of emails that were found and cannot be read. */
  unreadable: string[];
  searched: string[];
  skipped: { mailbox: string; reason: string }[];
};

/**
 * Gathers the thread of an email. Throws email_moved, email_not_found, and the failure of its own mailbox or of LIST;
 * the failure of another mailbox stands in `skipped`.
 */
export async function gatherThread(access: Access, ref: EmailRef): Promise<GatheredThread> {
  const starting = findStart(access, ref);
  const list = () => access.read(undefined, (imap) => knownMailboxes(imap, true));
  // On an idle second connection LIST runs at the same time.
  const listing = access.countIdle() > 0 ? list() : undefined;
  listing?.catch(() => {});
  const start = await starting;
  // An email without Message-ID and references cannot be linked to any other.
  if (start.first && !start.number && start.ids.length === 0)
    return toGatheredThread(start.first, [], createMailboxVisits(ref, Promise.resolve([])));
  const known: Promise<readonly KnownMailbox[]> = listing ?? Promise.resolve(start.known ?? (await list()));
  const others = known.then((mailboxes) => toOthers(mailboxes, start));
  others.catch(() => {});
  const visits = () => createMailboxVisits(ref, others);
  const numbered = start.number && (await gatherByServerThread(access, start, start.number.keys, visits()));
  return numbered ?? gatherByIds(access, start, visits());
}

/** The other mailboxes to search: Gmail's All Mail, or inbox, sent and archive. */
function toOthers(known: readonly KnownMailbox[], { number }: ThreadStart): readonly KnownMailbox[] {
  const all = number?.gmail ? known.find(({ holdsAll }) => holdsAll) : undefined;
  return all ? [all] : known.filter(({ role }) => role === "inbox" || role === "sent" || role === "archive");
}

/** The keys of the thread, and the email itself unless the searches will bring it. */
type ThreadStart = ThreadKeys & {
  ref: EmailRef;
  number?: { keys: SearchKey; gmail: boolean };
  first?: FetchedEmail;
  /** Part numbers of its text. */
  parts: readonly string[];
};

/** From the mailbox cache, without a round trip, where the email was listed before; otherwise by fetching the email. */
async function findStart(
  access: Access,
  ref: EmailRef,
): Promise<ThreadStart & { known?: readonly KnownMailbox[] | undefined }> {
  return access.readEmail(ref, async (imap, cache) => {
    requireSameValidity(imap, ref);
    const noted = cache.links.get(ref.uid);
    const number = toServerThread(imap, noted?.threadId);
    if (noted && (number || noted.ids.length > 0))
      return { ...noted, ref, number, parts: cache.textParts.get(ref.uid) ?? [] };
    // Without another connection LIST goes out together with FETCH, before it.
    const lists = access.countIdle() === 0;
    const [known, start] = await sendTogether(imap, () =>
      Promise.all([
        lists ? knownMailboxes(imap, true) : undefined,
        fetchStartEmail(access, ref, imap, cache),
      ]),
    );
    return { ...start, known };
  });
}

/** Fetches the email itself. Throws email_moved, email_not_found. */
async function fetchStartEmail(
  access: Access,
  ref: EmailRef,
  imap: ImapFlow,
  cache: MailboxCache,
): Promise<ThreadStart & { first: FetchedEmail }> {
  requireSameValidity(imap, ref);
  const ask = withBodies(cache.textParts.get(ref.uid) ?? []);
  const email = await fetchOneFresh(imap, ref.uid, ask);
  const first = toFetchedEmail(access, imap, ref.mailbox, email);
  const seen = { parts: textPartNumbers(first.contents), links: threadKeysOf(first) };
  rememberEmail(cache, ref.uid, seen);
  const number = toServerThread(imap, first.threadId);
  return { ...seen.links, ref, first, parts: seen.parts, number };
}

/** The SEARCH keys for the server's thread id, where it has given one. */
function toServerThread(imap: ImapFlow, threadId: string | undefined): ThreadStart["number"] {
  if (threadId === undefined) return undefined;
  // imapflow fetches the id of RFC 8474 where a server has both.
  const key = imap.capabilities.has("OBJECTID") ? "THREADID" : "X-GM-THRID";
  return { keys: [atom(key), atom(threadId)], gmail: imap.capabilities.has("X-GM-EXT-1") };
}

/** The email itself out of those that were found, otherwise fetched now. Throws email_moved, email_not_found. */
async function requireStartEmail(
  access: Access,
  { ref }: ThreadStart,
  found: readonly FetchedEmail[],
): Promise<FetchedEmail> {
  const isIt = ({ mailbox, uid }: FetchedEmail) => mailbox === ref.mailbox && uid === ref.uid;
  return (
    found.find(isIt) ??
    access.readEmail(ref, async (imap, cache) => (await fetchStartEmail(access, ref, imap, cache)).first)
  );
}

/** The thread by the server's id; undefined where the server does not even find the email itself by it. */
async function gatherByServerThread(
  access: Access,
  start: ThreadStart,
  keys: SearchKey,
  visits: MailboxVisits,
): Promise<GatheredThread | undefined> {
  let isReliable = false;
  const { ref } = start;
  const emails = await visitMailboxes(access, visits, start.parts, async (imap, path) => {
    const uids = (await uidSearch(imap, keys).catch(ignoreRefusal)) ?? [];
    isReliable ||= path === ref.mailbox && uids.includes(ref.uid);
    return uids;
  });
  if (!isReliable) return undefined;
  return toGatheredThread(start.first ?? (await requireStartEmail(access, start, emails)), emails, visits);
}

async function gatherByIds(
  access: Access,
  start: ThreadStart,
  visits: MailboxVisits,
): Promise<GatheredThread> {
  const { ref } = start;
  const pool = new Map<string, FetchedEmail>();
  const asked: SearchedSoFar = { words: new Set(), wholeSubjects: true };
  let refused = false;
  const toResult = async (first: FetchedEmail, linked: readonly FetchedEmail[]) => ({
    ...(await toGatheredThread(first, linked, visits)),
    refused,
  });
  const lookFor = async (query: ThreadQuery, linked: readonly FetchedEmail[]) => {
    const found = await visitMailboxes(access, visits, start.parts, async (imap, path) => {
      const own = linked.filter(({ mailbox }) => mailbox === path).map(({ uid }) => uid);
      if (path === ref.mailbox) own.push(ref.uid);
      const candidates = await findCandidates(imap, query, { own, most: maxPerMailbox });
      asked.wholeSubjects &&= candidates.wholeSubjects;
      refused ||= candidates.refused;
      return path === ref.mailbox ? [...candidates.uids, ref.uid] : candidates.uids;
    });
    for (const email of found) pool.set(email.id, email);
    return found;
  };
  let { first } = start;
  if (first) visits.see(ref.mailbox, [ref.uid]);
  else {
    const query = toThreadQuery([{ ...start, at: 0 }], asked);
    first = await requireStartEmail(access, start, query ? await lookFor(query, []) : []);
  }
  pool.set(first.id, first);
  let linked = toLinked(first, pool);
  for (let round = start.first ? 0 : 1; ; round += 1) {
    const query = toThreadQuery(linked, asked);
    if (!query) return toResult(first, linked);
    if (round === maxRounds) return { ...(await toResult(first, linked)), open: true };
    await lookFor(query, linked);
    const before = linked.length;
    linked = toLinked(first, pool);
    if (linked.length === before) return toResult(first, linked);
  }
}

/** The fetched emails that ids link to the first, directly or over others. */
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

async function toGatheredThread(
  first: FetchedEmail,
  emails: readonly FetchedEmail[],
  visits: MailboxVisits,
): Promise<GatheredThread> {
  // The copy in Sent and the copy that a list delivered are one email; the one that was asked for is kept, otherwise one
  // that is not marked as deleted.
  const once = new Map([[first.same, first]]);
  for (const email of emails.toSorted((a, b) => Number(a.deleted ?? false) - Number(b.deleted ?? false)))
    if (!once.has(email.same)) once.set(email.same, email);
  return {
    // In the same second, an email that refers to more came later; otherwise the higher UID.
    emails: [...once.values()].sort((a, b) => a.at - b.at || a.ids.length - b.ids.length || a.uid - b.uid),
    beyond: visits.beyond(),
    open: false,
    refused: false,
    unreadable: [...visits.unreadable],
    searched: await visits.searched(),
    skipped: [...visits.skipped].map(([mailbox, reason]) => ({ mailbox, reason })),
  };
}
