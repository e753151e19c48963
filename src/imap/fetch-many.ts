/**
 * FETCH over many emails of which some may be unreadable: the server refuses to send one or ends the connection over it,
 * its answer cannot be parsed, or it exceeds the limits of connect.ts. The others are returned, the unreadable are named.
 */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { isConnectionEnd, isExcess, isRefusal } from "./failures.ts";
import { fetchBySequence, fetchByUid, fillEmptyParts } from "./fetch.ts";
import type { MailboxCache } from "./mailbox-cache.ts";
import { isHiddenUid } from "./private-mailboxes.ts";
import { atom } from "./raw-search.ts";
import { uidSearch } from "./uid-search.ts";
import { toUidSet } from "./uid-set.ts";

/** `unreadable`: UIDs of emails that are there and could not be read. */
export type FetchedMany = { emails: FetchMessageObject[]; unreadable: number[] };

/** Octets of header fields with which an email is left out: fifty of them would exceed what a call may receive. */
const maxTransferredHeaderOctets = 2_097_152;
/** Round trips for finding which emails a server refuses; what is undecided then counts as unreadable. */
const maxRetries = 20;

/** Emails by UID, in the order in which the server sends them. */
type Collected = { emails: Map<number, FetchMessageObject>; refusal?: unknown };

/**
 * Fetches emails of the selected mailbox by UID: one round trip when all can be read. Emails that were removed are in
 * neither list. `cache.unreadable` gets the UIDs of emails that a further attempt must leave out. Throws the refusal
 * when no email can be read, and the failures of a connection.
 */
export async function fetchMany(
  imap: ImapFlow,
  cache: MailboxCache,
  uids: readonly number[],
  query: FetchQueryObject,
): Promise<FetchedMany> {
  const wanted = uids.filter((uid) => !cache.unreadable.has(uid)).sort((a, b) => a - b);
  const known = uids.filter((uid) => cache.unreadable.has(uid));
  if (wanted.length === 0) return { emails: [], unreadable: known };
  const first = await collectCarefully(imap, cache, wanted, query);
  const missing = wanted.filter((uid) => !first.emails.has(uid));
  if (missing.length === 0) return { emails: [...first.emails.values()], unreadable: known };
  const rest = first.refusal === undefined ? new Map<number, FetchMessageObject>() : await fetchRest(missing);
  const emails = [...first.emails.values(), ...rest.values()];
  if (emails.length === 0 && first.refusal !== undefined) throw first.refusal;
  const left = missing.filter((uid) => !rest.has(uid));
  const there = await stillThere(imap, left);
  for (const uid of there) cache.unreadable.set(uid, true);
  return { emails, unreadable: [...known, ...there] };

  /** Halves what is missing after a refusal until the refused emails are alone. Dovecot stops at the first of them. */
  async function fetchRest(uids: readonly number[]): Promise<Map<number, FetchMessageObject>> {
    const found = new Map<number, FetchMessageObject>();
    const groups = splitAtSuspect(uids, first.emails.size > 0);
    for (let tries = 0; groups.length > 0 && tries < maxRetries; tries += 1) {
      const group = groups.shift() ?? [];
      const { emails, refusal } = await collect(imap, cache, group, query);
      for (const [uid, email] of emails) found.set(uid, email);
      const missing = group.filter((uid) => !emails.has(uid));
      if (refusal !== undefined && group.length > 1) groups.push(...splitAtSuspect(missing, emails.size > 0));
    }
    return found;
  }
}

/** `isOrdered`: the server sent what comes before these, so that the first of them is the one it stopped at. */
function splitAtSuspect(uids: readonly number[], isOrdered: boolean): number[][] {
  const half = isOrdered ? 1 : Math.ceil(uids.length / 2);
  return [uids.slice(half), uids.slice(0, half)].filter((group) => group.length > 0);
}

/** FETCH commands in which suspects are asked for, at most. */
const maxSuspectGroups = 25;
/** Weight of a connection that ended over one email alone, where others came. */
const lossAlone = 100;

/**
 * One FETCH; where a connection ended over some of the emails before, these are asked for in small groups behind the
 * others, the least suspected first. One that ends the connection alone twice, where others came, counts as unreadable.
 */
async function collectCarefully(
  imap: ImapFlow,
  cache: MailboxCache,
  uids: readonly number[],
  query: FetchQueryObject,
): Promise<Collected> {
  const { suspects, unreadable } = cache;
  suspects.purgeStale();
  const losses = (uid: number) => Math.max(suspects.get(uid) ?? 0, suspects.get(0) ?? 0);
  const suspected = uids.filter((uid) => losses(uid) > 0).sort((a, b) => losses(a) - losses(b) || a - b);
  if (suspected.length === 0) return collect(imap, cache, uids, query);
  const size = Math.ceil(suspected.length / maxSuspectGroups);
  const safe = uids.filter((uid) => losses(uid) === 0);
  const groups = [
    safe,
    ...Array.from({ length: maxSuspectGroups }, (_, at) => suspected.slice(at * size, (at + 1) * size)),
  ];
  const all: Collected = { emails: new Map() };
  for (const group of groups.filter(({ length }) => length > 0)) {
    try {
      const { emails, refusal } = await collect(imap, cache, group, query);
      for (const [uid, email] of emails) all.emails.set(uid, email);
      for (const uid of group) suspects.delete(uid);
      all.refusal ??= refusal;
    } catch (error) {
      const [only = 0, ...others] = group;
      const isAlone = others.length === 0 && all.emails.size > 0;
      if (isConnectionEnd(error) && isAlone) {
        suspects.set(only, losses(only) + lossAlone);
        // Twice: a network may end any connection at this point.
        if (losses(only) > 2 * lossAlone) unreadable.set(only, true);
      }
      throw error;
    }
  }
  suspects.delete(0);
  return all;
}

/** Suspects the emails that had not come when the connection ended; 0 where they are not known. */
function suspect({ suspects }: MailboxCache, uids: readonly number[]): void {
  const before = suspects.get(0) ?? 0;
  for (const uid of uids) suspects.set(uid, Math.max(suspects.get(uid) ?? 0, before) + 1);
}

/** One FETCH. A refusal is returned beside what came before it. */
async function collect(
  imap: ImapFlow,
  cache: MailboxCache,
  uids: readonly number[],
  query: FetchQueryObject,
): Promise<Collected> {
  const emails = new Map<number, FetchMessageObject>();
  const asked = new Set(uids);
  using ending = watchEnding(imap);
  try {
    for await (const answer of imap.fetch(uids.join(","), query, { uid: true })) {
      const email = fillEmptyParts(answer);
      // Unsolicited FETCH responses for other emails (RFC 9051 section 7.5.2), and flags without the rest.
      if (!asked.has(email.uid) || isHiddenUid(imap, email.uid) || (query.headers && !email.headers))
        continue;
      if ((email.headers?.length ?? 0) > maxTransferredHeaderOctets) cache.unreadable.set(email.uid, true);
      else emails.set(email.uid, email);
    }
  } catch (error) {
    if (isRefusal(error)) return { emails, refusal: error };
    // The first email that did not come ended the connection: the next attempt leaves it out.
    const culprit = uids.find((uid) => !emails.has(uid) && !cache.unreadable.has(uid));
    if (ending.isExcess(error)) {
      if (culprit !== undefined) cache.unreadable.set(culprit, true);
    } else if (isConnectionEnd(error))
      suspect(
        cache,
        uids.filter((uid) => !emails.has(uid)),
      );
    throw error;
  }
  return { emails };
}

/** Tells why a command failed: imapflow rejects it with NoConnection and emits the reason as an event. */
function watchEnding(imap: ImapFlow): Disposable & { isExcess(error: unknown): boolean } {
  let reason: unknown;
  const onError = (error: unknown) => {
    reason = error;
  };
  imap.on("error", onError);
  return {
    isExcess: (error) => isExcess(error) || isExcess(reason),
    [Symbol.dispose]: () => imap.off("error", onError),
  };
}

/**
 * Those of the UIDs that the mailbox still has. By SEARCH, since a server may refuse every FETCH for such an email, or
 * leave it out of every answer (Exchange). After a NOOP: the answer to a search by UIDs reports no EXPUNGE.
 */
async function stillThere(imap: ImapFlow, uids: readonly number[]): Promise<number[]> {
  if (uids.length === 0) return [];
  await imap.noop();
  const there = new Set(
    await uidSearch(imap, [atom("UID"), { type: "SEQUENCE", value: toUidSet([...uids]) }]),
  );
  return uids.filter((uid) => there.has(uid));
}

/**
 * Fetches the emails of a range of sequence numbers, in one round trip when all can be read. Throws as fetchMany does.
 */
export async function fetchSequence(
  imap: ImapFlow,
  cache: MailboxCache,
  { first, last }: { first: number; last: number },
  query: FetchQueryObject,
): Promise<FetchedMany> {
  const range = `${first}:${last}`;
  cache.unreadable.purgeStale();
  cache.suspects.purgeStale();
  if (cache.unreadable.size + cache.suspects.size === 0) {
    const emails = await fetchRange(imap, cache, range, "sequence", query);
    if (emails && emails.length > last - first) return { emails, unreadable: [] };
  }
  return fetchMany(imap, cache, await uidSearch(imap, [{ type: "SEQUENCE", value: range }]), query);
}

/** Fetches a range in one round trip. Undefined when the server refuses it or sends more headers than are read. */
export async function fetchRange(
  imap: ImapFlow,
  cache: MailboxCache,
  range: string,
  by: "uid" | "sequence",
  query: FetchQueryObject,
): Promise<FetchMessageObject[] | undefined> {
  using ending = watchEnding(imap);
  try {
    const answers = await (by === "uid" ? fetchByUid : fetchBySequence)(imap, range, query);
    // The answer may hold unsolicited FETCH responses for other emails (RFC 9051 section 7.5.2): flags without headers.
    const emails = answers.filter((email) => !query.headers || email.headers);
    const large = emails.filter(({ headers }) => (headers?.length ?? 0) > maxTransferredHeaderOctets);
    for (const { uid } of large) cache.unreadable.set(uid, true);
    return large.length === 0 ? emails : undefined;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    if (ending.isExcess(error)) cache.unreadable.set(0, true);
    else if (isConnectionEnd(error)) suspect(cache, [0]);
    throw error;
  }
}
