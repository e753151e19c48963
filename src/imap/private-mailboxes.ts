/**
 * Mailboxes that the person keeps private: for everything that reads or changes mail they do not exist. They are known
 * by their path, or by UIDVALIDITY after they were renamed. At Gmail, where a mailbox is a label, an email that bears
 * the label is hidden wherever it is found.
 *
 * The state of a connection is set with each lease (mail/access.ts), and read by LIST, SEARCH and FETCH.
 */
import type { ImapFlow, ListResponse } from "imapflow";
import type { PrivateMailbox } from "../credentials.ts";
import { AppError } from "../errors.ts";

type Hidden = {
  list: readonly PrivateMailbox[];
  /** Paths of all hidden mailboxes, by their folded form. */
  paths: Map<string, string>;
  /** UIDs of hidden emails in the selected mailbox: at Gmail. */
  uids: Set<number>;
};

const hiddenKey = Symbol("hidden");

function hiddenOf(imap: object): Hidden | undefined {
  return hiddenKey in imap ? (imap[hiddenKey] as Hidden | undefined) : undefined;
}

/** Some servers compare the names of mailboxes without case. */
const fold = (path: string) => path.normalize("NFC").toLowerCase();

/** True for a private mailbox, and for one beneath it. */
export function isPrivatePath(list: readonly PrivateMailbox[], path: string): boolean {
  const folded = fold(path);
  return list.some(
    ({ path: hidden, delimiter }) =>
      folded === fold(hidden) || (delimiter !== "" && folded.startsWith(fold(hidden + delimiter))),
  );
}

/** The failure of a mailbox that does not exist, as SELECT has it. */
export const mailboxNotFound = () => new AppError("mailbox_not_found", "There is no such mailbox.");

/** True when the selected mailbox holds hidden emails, so that positions and counts of the server do not apply. */
export const hasHiddenEmails = (imap: object): boolean => (hiddenOf(imap)?.uids.size ?? 0) > 0;

/** True for a hidden email of the selected mailbox. */
export const isHiddenUid = (imap: object, uid: number): boolean => hiddenOf(imap)?.uids.has(uid) ?? false;

/** True where counts of mailboxes may include hidden emails: at Gmail. */
export const mayCountHidden = (imap: ImapFlow): boolean =>
  (hiddenOf(imap)?.list.length ?? 0) > 0 && isGmail(imap);

const isGmail = (imap: ImapFlow) => imap.capabilities.has("X-GM-EXT-1");

/** Leaves out hidden mailboxes. `relist` lists with UIDVALIDITY, for mailboxes that were renamed. */
export async function withoutHidden(
  imap: ImapFlow,
  entries: readonly ListResponse[],
  relist: () => Promise<ListResponse[]>,
): Promise<ListResponse[]> {
  const hidden = hiddenOf(imap);
  if (!hidden || hidden.list.length === 0) return [...entries];
  const isMissing = hidden.list.some(({ path }) => !entries.some((entry) => fold(entry.path) === fold(path)));
  if (isMissing) hidden.paths = pathsToHide(imap, hidden.list, await relist());
  return entries.filter(({ path }) => !isPrivatePath(hidden.list, path) && !hidden.paths.has(fold(path)));
}

/** The paths to hide: private ones and those beneath, renamed ones, and mailboxes that mix the emails of others. */
function pathsToHide(
  imap: ImapFlow,
  list: readonly PrivateMailbox[],
  entries: readonly ListResponse[],
): Map<string, string> {
  const lost = list.filter(({ path }) => !entries.some((entry) => fold(entry.path) === fold(path)));
  const renamed = entries
    .filter(({ status }) => lost.some(({ uidValidity }) => String(status?.uidValidity ?? "") === uidValidity))
    .map(({ path, delimiter }) => ({ path, delimiter, uidValidity: "" }));
  const all = [...list, ...renamed];
  const mixes = ({ specialUse, flags }: ListResponse) =>
    !isGmail(imap) &&
    ["\\All", "\\Flagged", "\\Important"].some((use) => specialUse === use || flags.has(use));
  return new Map(
    entries
      .filter((entry) => isPrivatePath(all, entry.path) || mixes(entry))
      .map(({ path }) => [fold(path), path]),
  );
}

/**
 * Sets what is hidden on a connection for one lease. Throws mailbox_not_found when the selected mailbox is hidden.
 * `list`, `search`: how to ask the server, without this filter.
 */
export async function hideOn(
  imap: ImapFlow,
  privates: readonly PrivateMailbox[],
  ask: {
    /** The lease wants a mailbox selected; a connection of the pool may have another one selected otherwise. */
    selects: boolean;
    list(withValidity: boolean): Promise<ListResponse[]>;
    searchLabels(labels: readonly string[]): Promise<number[]>;
  },
): Promise<void> {
  const before = hiddenOf(imap);
  if (privates.length === 0) {
    if (before) Object.assign(imap, { [hiddenKey]: undefined });
    return;
  }
  const isSame = before !== undefined && JSON.stringify(before.list) === JSON.stringify(privates);
  const hidden: Hidden = isSame
    ? { ...before, uids: new Set() }
    : { list: privates, paths: new Map(), uids: new Set() };
  // Free of a filter while it is asked.
  Object.assign(imap, { [hiddenKey]: undefined });
  const selected = (ask.selects && imap.mailbox) || undefined;
  const wasRenamed =
    selected !== undefined &&
    privates.some(({ uidValidity }) => uidValidity === String(selected.uidValidity));
  if (!isSame || wasRenamed) hidden.paths = await readPaths(imap, privates, ask.list);
  if (selected && isGmail(imap)) {
    const labels = [...new Set([...privates.map(({ path }) => path), ...hidden.paths.values()])];
    hidden.uids = new Set(await ask.searchLabels(labels));
  }
  Object.assign(imap, { [hiddenKey]: hidden });
  if (selected && (hidden.paths.has(fold(selected.path)) || isPrivatePath(privates, selected.path)))
    throw mailboxNotFound();
}

async function readPaths(
  imap: ImapFlow,
  privates: readonly PrivateMailbox[],
  list: (withValidity: boolean) => Promise<ListResponse[]>,
): Promise<Map<string, string>> {
  const entries = await list(false);
  const isLost = privates.some(({ path }) => !entries.some((entry) => fold(entry.path) === fold(path)));
  return pathsToHide(imap, privates, isLost ? await list(true) : entries);
}
