/** Notes taken of emails before a transfer, and finding them in the destination where no answer names them. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { requireSelected, selectMailbox } from "../../imap/select.ts";
import { knownFacts } from "../../imap/server-memory.ts";
import { readFresh } from "../../imap/sync.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import type { UnfinishedTransfer } from "../unfinished.ts";
import {
  arrivalsFrom,
  highestUid,
  identifyByUid,
  matchArrivals,
  newestArrivals,
  toIdentities,
} from "./arrivals.ts";
import { type Done, type EmailGroup, findUids } from "./email-groups.ts";
import type { MoveMode, Transferred } from "./transfer.ts";

/** Arrivals from elsewhere that may lie between the moved emails. */
const otherArrivals = 50;

const toTransfer = ({ mailbox, uidValidity }: EmailGroup, destination: string) =>
  ({ kind: "transfer", mailbox, uidValidity, destination }) as const;

/**
 * Identifies emails and notes where arrivals begin: a server does not take a COPY back when its answer is lost. The
 * emails of a selection are identified only when they are looked for. `deleted`: the identities of those that are
 * marked as deleted, by UID.
 */
export async function prepareCopy(
  imap: ImapFlow,
  group: EmailGroup,
  { destination, all }: { destination: string; all: Done },
): Promise<{ transfer: UnfinishedTransfer; deleted: Map<number, string> }> {
  const uids = [...group.ids.keys()];
  const emails = group.isPresent
    ? uids.map((uid) => ({ uid, identity: "", isDeleted: false }))
    : await readFresh(imap, () => identifyByUid(imap, toUidSet(uids)));
  if (!all.uidNext.has(destination))
    all.uidNext.set(destination, await readUidNext(imap, group, destination));
  const uidNext = all.uidNext.get(destination);
  return {
    transfer: { ...toTransfer(group, destination), identities: toIdentities(emails), uidNext },
    deleted: toIdentities(emails.filter(({ isDeleted }) => isDeleted)),
  };
}

/**
 * UIDNEXT of a destination, or one more than its highest UID where the server does not tell UIDNEXT. Undefined for a
 * destination that is not there.
 */
async function readUidNext(
  imap: ImapFlow,
  { mailbox }: EmailGroup,
  destination: string,
): Promise<number | undefined> {
  const status = await imap.status(destination, { uidNext: true }).catch((error: unknown) => {
    // COPY says that the destination is not there.
    if (imap.usable) return undefined;
    throw error;
  });
  if (!imap.usable) throw new Error("the connection was lost");
  if (!status) return undefined;
  if (status.uidNext !== undefined) return status.uidNext;
  return within(imap, { mailbox: destination, back: mailbox }, async () => (await highestUid(imap)) + 1);
}

/**
 * Identifies emails before a MOVE: by what earlier lists brought, without a round trip; with `careful`, those that are
 * not known are fetched.
 */
export async function prepareMove(
  imap: ImapFlow,
  cache: MailboxCache,
  { group, destination, careful }: { group: EmailGroup; destination: string; careful: boolean },
): Promise<UnfinishedTransfer> {
  const known = [...group.ids.keys()].map((uid) => [uid, cache.links.get(uid)?.messageId ?? ""] as const);
  const identities = new Map(known.filter(([, messageId]) => messageId !== ""));
  if (careful && identities.size < group.ids.size) {
    const unknown = toUidSet([...group.ids.keys()].filter((uid) => !identities.has(uid)));
    for (const { uid, identity } of await readFresh(imap, () => identifyByUid(imap, unknown)))
      identities.set(uid, identity);
  }
  return { ...toTransfer(group, destination), identities };
}

/**
 * The emails that a lost command transferred. After a COPY they are found among the arrivals since. After a MOVE those
 * that left are found among the newest emails of the destination.
 */
export async function findTransferred(
  imap: ImapFlow,
  mode: MoveMode,
  { mailbox, uidValidity, destination, identities, uidNext }: UnfinishedTransfer,
): Promise<Transferred> {
  const isCopy = mode.startsWith("copy");
  const ids = new Map([...identities.keys()].map((uid) => [uid, ""]));
  const present = new Set(await findUids(imap, { accountTag: "", mailbox, uidValidity, ids }));
  const wanted = isCopy
    ? await fillIdentities(imap, identities, present)
    : new Map([...identities].filter(([uid]) => !present.has(uid)));
  if (wanted.size === 0) return { uids: [], copied: { path: mailbox, destination } };
  return lookUp(imap, { mailbox, destination, identities: wanted, uidNext: isCopy ? uidNext : undefined });
}

/**
 * True when some but not all emails of one identity were found: which of them arrived cannot be told, only how many.
 */
export function isAmbiguous(identities: ReadonlyMap<number, string>, found: readonly number[]): boolean {
  const arrived = new Set(found);
  const known = [...identities].filter(([, identity]) => identity !== "");
  const alike = Map.groupBy(known, ([, identity]) => identity);
  return [...alike.values()].some((emails) => new Set(emails.map(([uid]) => arrived.has(uid))).size > 1);
}

/** Identifies those emails that were not identified before their COPY, which leaves the originals there. */
async function fillIdentities(
  imap: ImapFlow,
  identities: ReadonlyMap<number, string>,
  present: ReadonlySet<number>,
): Promise<Map<number, string>> {
  const known = new Map([...identities].filter(([, identity]) => identity !== ""));
  const open = [...identities.keys()].filter((uid) => !known.has(uid) && present.has(uid));
  const emails = open.length === 0 ? [] : await identifyByUid(imap, toUidSet(open));
  return new Map([...known, ...toIdentities(emails)]);
}

/**
 * Completes a transfer whose answer lacks COPYUID, which UIDPLUS promises and Exchange leaves out of MOVE: the emails
 * are looked up in the destination. Unchanged where they cannot be.
 */
export async function locate(
  imap: ImapFlow,
  { mailbox, destination, identities, uidNext }: UnfinishedTransfer,
  transferred: Transferred,
): Promise<Transferred> {
  if (transferred.copied.uidMap || transferred.uids.length === 0) return transferred;
  knownFacts(imap).remember("move_without_copyuid");
  const moved = new Set(transferred.uids);
  const wanted = new Map([...identities].filter(([uid, identity]) => moved.has(uid) && identity !== ""));
  if (wanted.size === 0) return transferred;
  try {
    const found = await lookUp(imap, { mailbox, destination, identities: wanted, uidNext });
    return { uids: transferred.uids, copied: found.copied };
  } catch (error) {
    // They are moved all the same, under ids that are not known.
    if (imap.usable && error instanceof AppError) return transferred;
    throw error;
  }
}

/**
 * Finds emails that an earlier call copied and marked, so that repeating it copies nothing twice: on a server without
 * UIDPLUS their originals stay.
 */
export function findCopies(
  imap: ImapFlow,
  { mailbox, destination }: Pick<UnfinishedTransfer, "mailbox" | "destination">,
  identities: ReadonlyMap<number, string>,
): Promise<Transferred> {
  return lookUp(imap, { mailbox, destination, identities });
}

/** Looks emails up in the destination, and selects their former mailbox again. */
async function lookUp(
  imap: ImapFlow,
  { mailbox, destination, identities, uidNext }: Omit<UnfinishedTransfer, "kind" | "uidValidity">,
): Promise<Transferred> {
  return within(imap, { mailbox: destination, back: mailbox }, async () => {
    const { uidValidity, path } = requireSelected(imap);
    const arrivals =
      uidNext === undefined
        ? await newestArrivals(imap, identities.size + otherArrivals)
        : await arrivalsFrom(imap, uidNext);
    const uidMap = matchArrivals(identities, arrivals);
    return { uids: [...uidMap.keys()], copied: { path: mailbox, destination: path, uidValidity, uidMap } };
  });
}

/** Runs `work` with another mailbox selected, and selects `back` afterwards. */
async function within<T>(
  imap: ImapFlow,
  { mailbox, back }: { mailbox: string; back: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    await selectMailbox(imap, mailbox);
    return await work();
  } finally {
    if (imap.usable) await selectMailbox(imap, back);
  }
}
