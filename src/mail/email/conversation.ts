/**
 * Which emails are one conversation: gathered over inbox, sent, archive and the mailbox the email is in.
 *
 * Where a server numbers conversations itself (RFC 8474, Gmail), it is asked by that number. Elsewhere Message-ID,
 * References and In-Reply-To decide, and nothing else. Following them from email to email takes a round for every
 * link, so emails of the same subject are looked at in the first one, too: what no id links is a stranger's and dropped.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import { type Access, requireSameValidity } from "../access.ts";
import { readFresh } from "../connection/freshness.ts";
import type { MailboxNotes } from "../connection/notes.ts";
import type { EmailRef } from "../email-id.ts";
import { knownMailboxes } from "../mailboxes.ts";
import { atom, ifRefused, uidSearch } from "../search/raw-search.ts";
import { type SliceSizes, sliceSizes, slicesOf, wholeMailbox } from "../search/slices.ts";
import { type Found, textParts, toFound, withBodies } from "./conversation-email.ts";
import { type Asked, findCandidates, type Key, toQuestion } from "./conversation-search.ts";

/** How often what was found is asked for what it leads to; a conversation of equal subject is whole after one. */
const maxRounds = 5;
/** Emails of one mailbox that are looked at, the newest. */
const maxPerMailbox = 200;
/** Found at once, so few that most are likely to be shown: their texts come along. */
const fewFound = 12;

export type Conversation = {
  /** Each once, oldest first. */
  emails: Found[];
  /** Further, older ones in mailboxes that hold too many to look at. */
  beyond: number;
  /** Whether it was left while it still led on. */
  open: boolean;
  searched: string[];
  skipped: { mailbox: string; reason: string }[];
};

/** Throws email_moved, email_not_found, and what its own mailbox fails with; another's failure is told in `skipped`. */
export async function gatherConversation(
  access: Access,
  ref: EmailRef,
  sizes: SliceSizes = sliceSizes,
): Promise<Conversation> {
  const list = () => access.read(undefined, (imap) => knownMailboxes(imap, true));
  const reading = readFirst(access, ref);
  // Where another connection is there, it is asked at the same time.
  const spare = access.hasSpare();
  const listing = spare ? list() : undefined;
  listing?.catch(() => {});
  const { first, number } = await reading;
  // It refers to nothing, and nothing can refer to it.
  if (!number && first.ids.length === 0) return toConversation(first, [], createPlaces([ref.mailbox]));
  const known = await (listing ?? list());
  const all = number?.gmail ? known.find(({ holdsAll }) => holdsAll) : undefined;
  const wanted = known.filter((one) =>
    all ? one === all : one.role === "inbox" || one.role === "sent" || one.role === "archive",
  );
  const paths = [...new Set([ref.mailbox, ...wanted.map(({ path }) => path)])];
  const empty = wanted.filter((one) => one.empty && one.path !== ref.mailbox).map(({ path }) => path);
  const numbered = number && (await gatherByNumber(access, first, number.keys, createPlaces(paths, empty)));
  return numbered ?? gatherByIds(access, first, createPlaces(paths, empty), { sizes, spare });
}

/** The email itself, and the number its conversation has where a server gives it one. */
async function readFirst(
  access: Access,
  ref: EmailRef,
): Promise<{ first: Found; number?: { keys: Key; gmail: boolean } }> {
  return access.read(ref.mailbox, async (imap, notes) => {
    requireSameValidity(imap, ref);
    const ask = { ...withBodies(notes.textParts.get(ref.uid) ?? []), threadId: true };
    let email = await imap.fetchOne(String(ref.uid), ask, { uid: true });
    if (!email) {
      // It may have arrived since this connection last looked.
      await imap.noop();
      email = await imap.fetchOne(String(ref.uid), ask, { uid: true });
    }
    if (!email) throw new AppError("email_not_found", "There is no email with this id any more.");
    const first = toFound(access, imap, ref.mailbox, email);
    // What the server wrote goes back to it as an atom.
    if (typeof email.threadId !== "string" || !/^[\w-]{1,255}$/.test(email.threadId)) return { first };
    // imapflow asks for the one of RFC 8474 where a server has both.
    const key = imap.capabilities.has("OBJECTID") ? "THREADID" : "X-GM-THRID";
    const gmail = imap.capabilities.has("X-GM-EXT-1");
    return { first, number: { keys: [atom(key), atom(email.threadId)], gmail } };
  });
}

/** All of them by the server's own number; undefined when the server does not find even the email itself by it. */
async function gatherByNumber(
  access: Access,
  first: Found,
  keys: Key,
  places: Places,
): Promise<Conversation | undefined> {
  let believed = false;
  const find: Find = async (imap, path) => {
    const uids = (await uidSearch(imap, keys).catch(ifRefused)) ?? [];
    believed ||= path === first.mailbox && uids.includes(first.uid);
    return uids;
  };
  const emails = await lookEverywhere(access, first, places, { find });
  return believed ? toConversation(first, emails, places) : undefined;
}

async function gatherByIds(
  access: Access,
  first: Found,
  places: Places,
  slicing: Slicing,
): Promise<Conversation> {
  const pool = new Map([[first.id, first]]);
  places.see(first.mailbox, [first.uid]);
  const asked: Asked = { words: new Set(), wholeSubjects: true };
  let linked = toLinked(first, pool);
  for (let round = 0; ; round += 1) {
    const question = toQuestion(linked, asked);
    if (!question) return toConversation(first, linked, places);
    if (round === maxRounds) return { ...toConversation(first, linked, places), open: true };
    const find: Find = async (imap, path, within) => {
      const own = linked.filter(({ mailbox }) => mailbox === path).map(({ uid }) => uid);
      const candidates = await findCandidates(imap, question, { own, most: maxPerMailbox, within });
      asked.wholeSubjects &&= candidates.wholeSubjects;
      return candidates.uids;
    };
    const found = await lookEverywhere(access, first, places, { find, slicing });
    for (const email of found) pool.set(email.id, email);
    const before = linked.length;
    linked = toLinked(first, pool);
    if (linked.length === before) return toConversation(first, linked, places);
  }
}

/** Those of the emails looked at that ids link to the first, over however many others. */
function toLinked(first: Found, pool: ReadonlyMap<string, Found>): Found[] {
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

type Places = ReturnType<typeof createPlaces>;

/** The mailboxes to look in, and what was seen there. `empty` are those that hold nothing, as the server told. */
function createPlaces(paths: readonly string[], empty: readonly string[] = []) {
  const seen = new Map(paths.map((path) => [path, new Set<number>()]));
  const visited = new Set<string>();
  const skipped = new Map<string, string>();
  let beyond = 0;
  const see = (path: string, uids: readonly number[]) => {
    for (const uid of uids) seen.get(path)?.add(uid);
  };

  return {
    skipped,
    searched: () => paths.filter((path) => !skipped.has(path)),
    toLookIn: () => paths.filter((path) => !skipped.has(path) && !empty.includes(path)),
    /** The newest of `uids` that have not been seen before; older ones are counted. */
    unseen(path: string, uids: readonly number[]): { newest: number[]; older: number[] } {
      const fresh = uids.filter((uid) => !seen.get(path)?.has(uid)).sort((a, b) => a - b);
      return { newest: fresh.slice(-maxPerMailbox), older: fresh.slice(0, -maxPerMailbox) };
    },
    see,
    visit(path: string, newest: readonly number[], older: readonly number[]): void {
      visited.add(path);
      see(path, [...newest, ...older]);
      beyond += older.length;
    },
    /** What arrives in between is the next call's. */
    isVisited: (path: string) => visited.has(path),
    beyond: () => beyond,
  };
}

/** UIDs of the selected mailbox, `path`. `within`: keys that leave a slice of it; none for all of it. */
type Find = (imap: ImapFlow, path: string, within: Key) => Promise<number[]>;

/** `spare`: the account has another connection, though it may be busy with a smaller mailbox for the moment. */
type Slicing = { sizes: SliceSizes; spare: boolean };

/** With `slicing` what takes its time in a very large mailbox is done side by side. */
type Look = { find: Find; slicing?: Slicing };

/** What is found in each mailbox and was not seen before. */
async function lookEverywhere(access: Access, first: Found, places: Places, how: Look): Promise<Found[]> {
  const paths = places.toLookIn();
  const settled = await Promise.allSettled(paths.map((path) => look(access, path, first, places, how)));
  return settled.flatMap((outcome, at) => {
    if (outcome.status === "fulfilled") return outcome.value;
    const path = paths[at] ?? "";
    // The email's own mailbox must be readable; another that is not is left out, and said.
    if (path === first.mailbox || !(outcome.reason instanceof AppError)) throw outcome.reason;
    places.skipped.set(path, outcome.reason.message);
    return [];
  });
}

async function look(
  access: Access,
  path: string,
  first: Found,
  places: Places,
  { find, slicing }: Look,
): Promise<Found[]> {
  const isNew = !places.isVisited(path);
  const lookIn = async (imap: ImapFlow, notes: MailboxNotes, within: Key) => {
    const work = () => find(imap, path, within);
    const { newest, older } = places.unseen(path, await (isNew ? readFresh(imap, work) : work()));
    const query = withBodies(newest.length <= fewFound ? likelyParts(newest, notes, first) : []);
    const emails = newest.length > 0 ? await imap.fetchAll(newest.join(","), query, { uid: true }) : [];
    places.visit(path, newest, older);
    // A server may add news of other emails to its answer (RFC 9051 section 7.5.2): only flags, no headers.
    const found = emails.filter(({ headers }) => headers).map((email) => toFound(access, imap, path, email));
    for (const email of found) notes.textParts.set(email.uid, textParts(email));
    return found;
  };

  /** The further slices: begun once, also when the first is tried again on another connection. */
  let further: Promise<PromiseSettledResult<Found[]>[]> | undefined;
  const found = await access.read(path, async (imap, notes) => {
    const slices = slicing ? await slicesOf(imap, undefined, notes, slicing) : [];
    const [newest = wholeMailbox, ...others] = slices;
    further ??= Promise.allSettled(
      others.map(({ keys }) => access.read(path, (one, own) => lookIn(one, own, keys))),
    );
    return lookIn(imap, notes, newest.keys);
  });
  for (const outcome of (await further) ?? []) {
    if (outcome.status === "rejected") throw outcome.reason;
    found.push(...outcome.value);
  }
  return found;
}

/** Where the text of these emails is: as they were listed, else as in the first, or nothing where they differ much. */
function likelyParts(uids: readonly number[], notes: MailboxNotes, first: Found): string[] {
  const keys = [...new Set(uids.flatMap((uid) => notes.textParts.get(uid) ?? textParts(first)))];
  return keys.length <= 3 ? keys : [];
}

function toConversation(first: Found, emails: readonly Found[], places: Places): Conversation {
  // The copy in Sent and the copy that came back are one email; the one that was asked for is shown.
  const once = new Map([[first.same, first]]);
  for (const email of emails) if (!once.has(email.same)) once.set(email.same, email);
  return {
    // Of the same second, what refers to more came later; else what the mailbox took later.
    emails: [...once.values()].sort((a, b) => a.at - b.at || a.ids.length - b.ids.length || a.uid - b.uid),
    beyond: places.beyond(),
    open: false,
    searched: places.searched(),
    skipped: [...places.skipped].map(([mailbox, reason]) => ({ mailbox, reason })),
  };
}
