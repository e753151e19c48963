/** Moving emails to another mailbox, by the best way that the server has; no other email is ever removed. */
import type { CopyResponseObject, ImapFlow } from "imapflow";
import { toEmailId } from "../../email/email-id.ts";
import { AppError, LostWriteError, quoted } from "../../errors.ts";
import { toImapError } from "../../imap/failures.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { listMailboxEntries } from "../../imap/list-mailboxes.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { requireSelected, selectMailbox } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import { arrivalsFrom, identityOf, identityQuery, matchArrivals, newestArrivals } from "./arrivals.ts";
import { type Done, type EmailGroup, findUids, type GroupChange, requireDone } from "./email-groups.ts";

/**
 * The ways to move: MOVE (RFC 6851) confirmed by COPYUID (RFC 4315) or not, otherwise COPY with the originals erased
 * (UID EXPUNGE, RFC 4315) or only marked as deleted.
 */
type MoveMode = "move" | "move-unconfirmed" | "copy-and-erase" | "copy-and-mark";

function modeOf(imap: ImapFlow): MoveMode {
  const hasUidPlus = imap.capabilities.has("UIDPLUS");
  if (imap.capabilities.has("MOVE")) return hasUidPlus ? "move" : "move-unconfirmed";
  return hasUidPlus ? "copy-and-erase" : "copy-and-mark";
}

/** Emails that arrived in the destination: their UIDs before, and COPYUID's answer. */
type Transferred = { uids: readonly number[]; copied: CopyResponseObject };

/** Facts noted before a command whose answer may be lost. */
type Preparation =
  /** Identities of the emails as far as they are known: MOVE needs no round trip before it. */
  | { kind: "move"; identities: ReadonlyMap<number, string> }
  /** UIDNEXT of the destination before the COPY, which leaves the originals; undefined where a server has none. */
  | { kind: "copy"; uidNext: number | undefined };

/**
 * The move of a group to `destination`; outcomes go to `all`. After a lost connection it looks in the destination, so
 * that no email is copied twice. Throws mailbox_not_found and the failure of a server that refuses all of them.
 */
export function toMove(group: EmailGroup, destination: string, all: Done): GroupChange {
  if (destination === group.mailbox) return { run: (imap) => leaveInPlace(imap, group, all) };
  let prepared: Preparation | undefined;
  let transferred: Transferred | undefined;

  async function finish(imap: ImapFlow, mode: MoveMode, done: Transferred): Promise<void> {
    if (done.uids.length === 0) return;
    if (mode === "copy-and-erase") await eraseOriginals(imap, group, destination, done.uids, all);
    if (mode === "copy-and-mark") await markOriginals(imap, group, destination, done.uids, all);
    report(group, done, mode, all);
  }

  return {
    async run(imap, cache) {
      const mode = modeOf(imap);
      prepared = mode.startsWith("copy")
        ? { kind: "copy", uidNext: await uidNextOf(imap, destination, all) }
        : { kind: "move", identities: knownIdentities(group, cache) };
      transferred = await transferByMode[mode](imap, group, destination, all);
      if (transferred) await finish(imap, mode, transferred);
    },

    async resume(imap) {
      const mode = modeOf(imap);
      const found = transferred ?? (prepared && (await findTransferred(imap, group, destination, prepared)));
      if (!found) throw new LostWriteError(undefined);
      await finish(imap, mode, found);
      const rest = without(group, new Set(found.uids));
      const left = rest.ids.size > 0 ? await transferByMode[mode](imap, rest, destination, all) : undefined;
      if (left) await finish(imap, mode, left);
    },
  };
}

const transferByMode: Record<
  MoveMode,
  (imap: ImapFlow, group: EmailGroup, destination: string, all: Done) => Promise<Transferred | undefined>
> = {
  move: moveConfirmed,
  "move-unconfirmed": (imap, group, destination) => transferPresent(imap, group, destination, "move"),
  "copy-and-erase": (imap, group, destination) => transferPresent(imap, group, destination, "copy"),
  "copy-and-mark": (imap, group, destination) => transferPresent(imap, group, destination, "copy"),
};

const without = (group: EmailGroup, uids: ReadonlySet<number>): EmailGroup => ({
  ...group,
  ids: new Map([...group.ids].filter(([uid]) => !uids.has(uid))),
  isPresent: false,
});

/** Message-IDs that earlier lists brought. */
function knownIdentities(group: EmailGroup, cache: MailboxCache): Map<number, string> {
  const known = [...group.ids.keys()].map((uid) => [uid, cache.links.get(uid)?.messageId ?? ""] as const);
  return new Map(known.filter(([, messageId]) => messageId !== ""));
}

/**
 * UIDNEXT of the destination before anything is copied to it: COPY is not undone by the server when its answer is lost,
 * and a second one would double the emails.
 */
async function uidNextOf(
  imap: ImapFlow,
  destination: string,
  { uidNext }: Done,
): Promise<number | undefined> {
  if (!uidNext.has(destination)) {
    const status = await imap.status(destination, { uidNext: true }).catch(() => undefined);
    uidNext.set(destination, status ? status.uidNext : undefined);
  }
  return uidNext.get(destination);
}

/** The identities of the emails of the selected mailbox. */
async function fetchIdentities(imap: ImapFlow, group: EmailGroup): Promise<Map<number, string>> {
  const range = toUidSet([...group.ids.keys()]);
  const emails = await readFresh(imap, () => fetchByUid(imap, range, identityQuery));
  return new Map(emails.filter(({ headers }) => headers).map((email) => [email.uid, identityOf(email)]));
}

/**
 * The emails that a lost command transferred. After a COPY they are found among the arrivals since. After a MOVE those
 * that left are found among the newest emails of the destination; undefined when one that left is not found there.
 */
async function findTransferred(
  imap: ImapFlow,
  group: EmailGroup,
  destination: string,
  prepared: Preparation,
): Promise<Transferred | undefined> {
  if (prepared.kind === "copy" && prepared.uidNext === undefined) return undefined;
  const wanted =
    prepared.kind === "copy"
      ? await fetchIdentities(imap, group)
      : await findLeft(imap, group, prepared.identities);
  if (prepared.kind === "move" && wanted.size === 0)
    return { uids: [], copied: { path: group.mailbox, destination } };
  await selectMailbox(imap, destination);
  const { uidValidity, path } = requireSelected(imap);
  const arrivals =
    prepared.kind === "copy"
      ? await arrivalsFrom(imap, prepared.uidNext ?? 1)
      : await newestArrivals(imap, wanted.size + 50);
  await selectMailbox(imap, group.mailbox);
  const uidMap = matchArrivals(wanted, arrivals);
  return {
    uids: [...uidMap.keys()],
    copied: { path: group.mailbox, destination: path, uidValidity, uidMap },
  };
}

/** The identities of those emails that are no longer in the selected mailbox. */
async function findLeft(
  imap: ImapFlow,
  group: EmailGroup,
  identities: ReadonlyMap<number, string>,
): Promise<Map<number, string>> {
  const present = new Set(await findUids(imap, group));
  return new Map([...identities].filter(([uid]) => !present.has(uid)));
}

async function leaveInPlace(imap: ImapFlow, group: EmailGroup, all: Done): Promise<void> {
  for (const uid of await findUids(imap, group)) all.done.set(group.ids.get(uid) ?? "", {});
  all.notes.push(`What was in ${quoted(group.mailbox)} already was left there.`);
}

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
  const copied = await moveArrivals(imap, group, destination, first.copied);
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
  const uidMap = transferred?.copied.uidMap;
  // Where COPYUID names what was copied, nothing else is removed.
  return transferred && uidMap
    ? { ...transferred, uids: transferred.uids.filter((uid) => uidMap.has(uid)) }
    : transferred;
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

async function eraseOriginals(
  imap: ImapFlow,
  group: EmailGroup,
  destination: string,
  uids: readonly number[],
  all: Done,
): Promise<void> {
  if (await imap.messageDelete(toUidSet(uids), { uid: true })) return;
  // imapflow answers false for a lost connection as well, after which the originals may still be erased.
  if (!imap.usable) requireDone(false, "erase emails");
  all.notes.push(
    `Copied to ${quoted(destination)}, but the originals could not be removed from ${quoted(group.mailbox)}.`,
  );
}

/** Without UIDPLUS an EXPUNGE would also erase what other clients marked: the originals stay, marked. */
async function markOriginals(
  imap: ImapFlow,
  group: EmailGroup,
  destination: string,
  uids: readonly number[],
  all: Done,
): Promise<void> {
  const options = { uid: true, silent: true };
  requireDone(await imap.messageFlagsAdd(toUidSet(uids), ["\\Deleted"], options), "mark emails");
  all.notes.push(
    `This mail server cannot move: copies are in ${quoted(destination)}, the originals stay in ${quoted(group.mailbox)} marked as deleted until a mail program cleans up.`,
  );
}

/** Records the moved emails with their new ids, and the changes that undo them. */
function report(group: EmailGroup, { uids, copied }: Transferred, mode: MoveMode, all: Done): void {
  // The path as the server has it: a name without its namespace prefix leads there as well.
  const { uidMap, uidValidity, destination: mailbox } = copied;
  for (const uid of uids) {
    const id = group.ids.get(uid) ?? "";
    const newUid = uidMap?.get(uid);
    const newId =
      newUid === undefined || uidValidity === undefined
        ? undefined
        : toEmailId({ accountTag: group.accountTag, mailbox, uidValidity, uid: newUid });
    all.done.set(id, mode === "copy-and-mark" ? { newId, marked: true } : { newId });
    all.changes.push(
      mode === "copy-and-mark"
        ? { kind: "flags", id, added: ["\\Deleted"], removed: [], copiedTo: mailbox }
        : { kind: "moved", from: group.mailbox, id: newId },
    );
  }
}

async function requireMailbox(imap: ImapFlow, path: string): Promise<void> {
  const listed = await listMailboxEntries(imap);
  if (!listed.some((mailbox) => mailbox.path === path))
    throw new AppError("mailbox_not_found", `There is no mailbox ${quoted(path)}.`);
}
