/** MOVE and COPY by UID, on servers with and without COPYUID (RFC 4315); nothing is removed here. */
import type { CopyResponseObject, ImapFlow } from "imapflow";
import { AppError, quoted } from "../../errors.ts";
import { toImapError } from "../../imap/failures.ts";
import { listMailboxEntries } from "../../imap/list-mailboxes.ts";
import { requireSelected } from "../../imap/select.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import { type Done, type EmailGroup, findUids } from "./email-groups.ts";

/**
 * The ways to move: MOVE (RFC 6851) confirmed by COPYUID or not, otherwise COPY with the originals erased (UID EXPUNGE,
 * RFC 4315) or only marked as deleted.
 */
export type MoveMode = "move" | "move-unconfirmed" | "copy-and-erase" | "copy-and-mark";

export function modeOf(imap: ImapFlow): MoveMode {
  const hasUidPlus = imap.capabilities.has("UIDPLUS");
  if (imap.capabilities.has("MOVE")) return hasUidPlus ? "move" : "move-unconfirmed";
  return hasUidPlus ? "copy-and-erase" : "copy-and-mark";
}

/** Emails that arrived in the destination: their UIDs before, and COPYUID's answer. */
export type Transferred = { uids: readonly number[]; copied: CopyResponseObject };

/** Transfers the emails of a group. Undefined when none of them is there. Throws the failures of transferOrExplain. */
export const transferByMode: Record<
  MoveMode,
  (imap: ImapFlow, group: EmailGroup, destination: string, all: Done) => Promise<Transferred | undefined>
> = {
  move: moveConfirmed,
  "move-unconfirmed": (imap, group, destination) => transferPresent(imap, group, destination, "move"),
  "copy-and-erase": (imap, group, destination) => transferPresent(imap, group, destination, "copy"),
  "copy-and-mark": (imap, group, destination) => transferPresent(imap, group, destination, "copy"),
};

/** COPYUID names what was moved, so nothing needs to be looked up before. */
async function moveConfirmed(
  imap: ImapFlow,
  group: EmailGroup,
  destination: string,
  all: Done,
): Promise<Transferred | undefined> {
  const before = requireSelected(imap).exists;
  const first = await transferOrExplain(imap, group, destination, "move", [...group.ids.keys()]);
  if (!first) return undefined;
  const copied = withoutForeignMap(await moveArrivals(imap, group, destination, first.copied), [
    ...group.ids.keys(),
  ]);
  const { uidMap } = copied;
  const uids = uidMap
    ? first.uids.filter((uid) => uidMap.has(uid))
    : await findMoved(imap, group, before, all);
  return { uids, copied };
}

/** Looks first which emails are there: without COPYUID a missing email would pass for a moved one. */
async function transferPresent(
  imap: ImapFlow,
  group: EmailGroup,
  destination: string,
  command: "move" | "copy",
): Promise<Transferred | undefined> {
  const present = group.isPresent ? [...group.ids.keys()] : await findUids(imap, group);
  if (present.length === 0) return undefined;
  const transferred = await transferOrExplain(imap, group, destination, command, present);
  if (!transferred) return undefined;
  const copied = withoutForeignMap(transferred.copied, transferred.uids);
  const { uidMap } = copied;
  // Where COPYUID names what was copied, nothing else is removed.
  return { copied, uids: uidMap ? transferred.uids.filter((uid) => uidMap.has(uid)) : transferred.uids };
}

/** Drops a COPYUID that names none of the emails asked for: it says nothing about them. */
function withoutForeignMap(copied: CopyResponseObject, uids: readonly number[]): CopyResponseObject {
  const isForeign = copied.uidMap && copied.uidMap.size > 0 && !uids.some((uid) => copied.uidMap?.has(uid));
  return isForeign ? { ...copied, uidMap: undefined } : copied;
}

/**
 * Moves or copies `uids`, all or none (RFC 9051 section 6.4.7). One email that another client removed meanwhile makes
 * the server refuse the rest, so those still there are tried once more. Undefined when none is left.
 */
async function transferOrExplain(
  imap: ImapFlow,
  group: EmailGroup,
  destination: string,
  command: "move" | "copy",
  uids: readonly number[],
): Promise<Transferred | undefined> {
  const first = await transfer(imap, command, uids, destination);
  if (first.copied) return { uids, copied: first.copied };
  const left = await findUids(imap, group);
  if (left.length === 0) return undefined;
  const second = left.length < uids.length ? await transfer(imap, command, left, destination) : first;
  if (second.copied) return { uids: left, copied: second.copied };
  await requireMailbox(imap, destination);
  const cause = toImapError({ responseStatus: "NO", serverResponseCode: second.code }, "command");
  throw new AppError(cause.code, `Nothing was moved to ${quoted(destination)}. ${cause.message}`, { cause });
}

/**
 * One MOVE or COPY: the server's answer, or the response code of its refusal. imapflow takes Dovecot's
 * NO [EXPUNGEISSUED] for success, by its text, although nothing was copied; hence the look at the response itself.
 */
async function transfer(
  imap: ImapFlow,
  command: "move" | "copy",
  uids: readonly number[],
  destination: string,
): Promise<{ copied?: CopyResponseObject; code?: string }> {
  let refusal: { code?: string } | undefined;
  const onResponse = ({ response, code }: { response: string; code?: string }) => {
    if (response.toUpperCase() !== "OK") refusal = { code };
  };
  imap.on("response", onResponse);
  try {
    const set = toUidSet(uids);
    const copied =
      command === "move"
        ? await imap.messageMove(set, destination, { uid: true })
        : await imap.messageCopy(set, destination, { uid: true });
    return refusal ?? (copied === false ? {} : { copied });
  } finally {
    imap.off("response", onResponse);
  }
}

/**
 * Moves emails that MOVE did not see: a connection that selected the mailbox a while ago learns of arrivals by the
 * answer to its next command, which was the MOVE.
 */
async function moveArrivals(
  imap: ImapFlow,
  group: EmailGroup,
  destination: string,
  first: CopyResponseObject,
): Promise<CopyResponseObject> {
  const missed = new Map([...group.ids].filter(([uid]) => !first.uidMap?.has(uid)));
  if (missed.size === 0) return first;
  const arrived = await findUids(imap, { ...group, ids: missed });
  const { copied } = arrived.length > 0 ? await transfer(imap, "move", arrived, destination) : {};
  if (!copied?.uidMap) return copied ?? first;
  return { ...copied, uidMap: new Map([...(first.uidMap ?? []), ...copied.uidMap]) };
}

/** UIDs that a MOVE without COPYUID moved: none when the mailbox holds as many emails as before. */
async function findMoved(imap: ImapFlow, group: EmailGroup, before: number, all: Done): Promise<number[]> {
  if (requireSelected(imap).exists >= before) return [];
  const left = new Set(await findUids(imap, group));
  all.notes.push(
    "The mail server did not confirm each email; those counted as moved are no longer where they were.",
  );
  return [...group.ids.keys()].filter((uid) => !left.has(uid));
}

async function requireMailbox(imap: ImapFlow, path: string): Promise<void> {
  const listed = await listMailboxEntries(imap);
  if (!listed.some((mailbox) => mailbox.path === path))
    throw new AppError("mailbox_not_found", `There is no mailbox ${quoted(path)}.`);
}
