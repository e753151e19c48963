/** The mailboxes searched for a thread, and the emails seen there. */

import type { ImapFlow } from "imapflow";
import type { EmailRef } from "../../email/email-id.ts";
import { AppError } from "../../errors.ts";
import { fetchMany } from "../../imap/fetch-many.ts";
import { type MailboxCache, rememberEmail } from "../../imap/mailbox-cache.ts";
import { requireSameValidity } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import { textPartNumbers } from "../../readable/body.ts";
import { mapInTurns } from "../../turns.ts";
import type { Access } from "../access.ts";
import type { KnownMailbox } from "../mailboxes.ts";
import { type FetchedEmail, threadKeysOf, toFetchedEmail, withBodies } from "./fetched-email.ts";

/** Emails of one mailbox that are fetched at most, the newest. */
export const maxPerMailbox = 200;
/** Emails found at once up to which most are likely to be shown, so their text is fetched along. */
const fewFound = 12;

export type MailboxVisits = ReturnType<typeof createMailboxVisits>;

/** Visits for the thread of the email `of`. Its own mailbox is searched while `others` are still being listed. */
export function createMailboxVisits(of: EmailRef, others: Promise<readonly KnownMailbox[]>) {
  const own = of.mailbox;
  const seen = new Map<string, Set<number>>();
  const visited = new Set<string>();
  const skipped = new Map<string, string>();
  const unreadable = new Set<string>();
  let beyond = 0;
  const seenIn = (path: string) => {
    const uids = seen.get(path) ?? new Set<number>();
    seen.set(path, uids);
    return uids;
  };
  const see = (path: string, uids: readonly number[]) => {
    for (const uid of uids) seenIn(path).add(uid);
  };

  return {
    of,
    skipped,
    /** Ids of emails that were found and cannot be read. */
    unreadable,
    async searched(): Promise<string[]> {
      const paths = new Set([own, ...(await others).map(({ path }) => path)]);
      return [...paths].filter((path) => !skipped.has(path));
    },
    /** Paths of the other mailboxes, without those known to be empty or unreadable. */
    async othersToSearch(): Promise<string[]> {
      const full = (await others).filter(({ path, empty }) => path !== own && !empty);
      return full.map(({ path }) => path).filter((path) => !skipped.has(path));
    },
    /** The newest of `uids` that were not seen before, with the email itself, and the older rest. */
    unseen(path: string, uids: readonly number[]): { newest: number[]; older: number[] } {
      const isIt = (uid: number) => path === own && uid === of.uid;
      const fresh = [...new Set(uids)].filter((uid) => !seenIn(path).has(uid)).sort((a, b) => a - b);
      const rest = fresh.filter((uid) => !isIt(uid));
      const newest = [...fresh.filter(isIt), ...rest.slice(-maxPerMailbox)];
      return { newest, older: rest.slice(0, -maxPerMailbox) };
    },
    see,
    visit(path: string, newest: readonly number[], older: readonly number[]): void {
      visited.add(path);
      see(path, [...newest, ...older]);
      beyond += older.length;
    },
    /** True after a visit: what arrives afterwards is left to the next call. */
    isVisited: (path: string) => visited.has(path),
    beyond: () => beyond,
  };
}

/** Finds UIDs in the selected mailbox, `path`. */
type Find = (imap: ImapFlow, path: string) => Promise<number[]>;

/**
 * The emails found in each mailbox that were not seen before. `parts` are the likely part numbers of an email's text.
 * Throws the failure of the email's own mailbox or of LIST; another mailbox that cannot be read goes to
 * `visits.skipped`.
 */
export async function visitMailboxes(
  access: Access,
  visits: MailboxVisits,
  parts: readonly string[],
  find: Find,
): Promise<FetchedEmail[]> {
  const searchIn = (path: string) => visitMailbox(access, path, visits, parts, find);
  const elsewhere = async (): Promise<FetchedEmail[]> => {
    const paths = await visits.othersToSearch();
    const settled = await Promise.allSettled(paths.map(searchIn));
    return settled.flatMap((outcome, at) => {
      if (outcome.status === "fulfilled") return outcome.value;
      if (!(outcome.reason instanceof AppError)) throw outcome.reason;
      visits.skipped.set(paths[at] ?? "", outcome.reason.message);
      return [];
    });
  };
  const [own, others] = await Promise.allSettled([searchIn(visits.of.mailbox), elsewhere()]);
  if (own.status === "rejected") throw own.reason;
  if (others.status === "rejected") throw others.reason;
  return [...own.value, ...others.value];
}

function visitMailbox(
  access: Access,
  path: string,
  visits: MailboxVisits,
  parts: readonly string[],
  find: Find,
): Promise<FetchedEmail[]> {
  return access.read(path, async (imap, cache) => {
    if (path === visits.of.mailbox) requireSameValidity(imap, visits.of);
    const work = () => find(imap, path);
    const uids = visits.isVisited(path) ? await work() : await readFresh(imap, work);
    const { newest, older } = visits.unseen(path, uids);
    const query = withBodies(newest.length <= fewFound ? likelyParts(newest, cache, parts) : []);
    const { emails, unreadable } = await fetchMany(imap, cache, newest, query);
    visits.visit(path, newest, older);
    for (const uid of unreadable) visits.unreadable.add(access.toId(imap, uid));
    const found = await mapInTurns(emails, (email) => toFetchedEmail(access, imap, path, email));
    for (const email of found)
      rememberEmail(cache, email.uid, { parts: textPartNumbers(email.contents), links: threadKeysOf(email) });
    return found;
  });
}

/** Part numbers of the text of these emails, from the cache or `parts`; none where they differ too much for one FETCH. */
function likelyParts(uids: readonly number[], cache: MailboxCache, parts: readonly string[]): string[] {
  const keys = [...new Set(uids.flatMap((uid) => cache.textParts.get(uid) ?? parts))];
  return keys.length <= 3 ? keys : [];
}
