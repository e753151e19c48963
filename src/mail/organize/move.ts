/** Moving emails to another mailbox, by the best way that the server has; no other email is ever removed. */
import type { ImapFlow } from "imapflow";
import { toEmailId } from "../../email/email-id.ts";
import { quoted } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { knownFacts } from "../../imap/server-memory.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import type { UnfinishedTransfer, UnfinishedWrites } from "../unfinished.ts";
import { type Done, type EmailGroup, findUids, type GroupChange, requireDone } from "./email-groups.ts";
import {
  findCopies,
  findTransferred,
  isAmbiguous,
  locate,
  prepareCopy,
  prepareMove,
} from "./lost-transfers.ts";
import { type MoveMode, modeOf, type Transferred, transferByMode } from "./transfer.ts";

type Move = {
  group: EmailGroup;
  destination: string;
  all: Done;
  unfinished: UnfinishedWrites;
  /** Identifies the emails before a MOVE also where that takes a round trip more. */
  careful?: boolean;
};

/**
 * The move of a group to `destination`; outcomes go to `all`. After a lost connection it looks in the destination, so
 * that no email is copied twice; a COPY is kept as unfinished from before its command until the originals are gone, so
 * that a repeated call finishes it. Throws mailbox_not_found and the failure of a server that refuses all of them.
 */
export function toMove(move: Move): GroupChange {
  const { group, destination, all, unfinished } = move;
  if (destination === group.mailbox) return { run: (imap) => leaveInPlace(imap, group, all) };
  let prepared: UnfinishedTransfer | undefined;
  let transferred: Transferred | undefined;

  async function transfer(imap: ImapFlow, cache: MailboxCache, part: EmailGroup): Promise<void> {
    if (!modeOf(imap).startsWith("copy")) {
      prepared = await prepareMove(imap, cache, { group: part, destination, careful: isCareful(imap, move) });
      return command(imap, prepared, part);
    }
    const { transfer: noted, deleted } = await prepareCopy(imap, part, { destination, all });
    const isRepeated = modeOf(imap) === "copy-and-mark" && deleted.size > 0;
    const copies = isRepeated ? await findCopies(imap, noted, deleted) : undefined;
    if (copies) await finish(imap, "copy-and-mark", move, copies);
    const open = without(part, new Set(copies?.uids));
    const isIdentified = [...open.ids.keys()].every((uid) => noted.identities.has(uid));
    if (open.ids.size === 0) return;
    prepared = noted;
    const end = await unfinished.begin(prepared);
    try {
      await command(imap, prepared, { ...open, isPresent: isIdentified });
    } catch (error) {
      // Refused: nothing was copied. After a lost connection or at the deadline that is not known.
      if (imap.usable && !transferred) await end();
      throw error;
    }
    await end();
  }

  /** Moves or copies the emails, and finishes what that leaves to do. */
  async function command(imap: ImapFlow, noted: UnfinishedTransfer, part: EmailGroup): Promise<void> {
    transferred = await transferByMode[modeOf(imap)](imap, part, destination, all);
    if (!transferred) return;
    transferred = await locate(imap, noted, transferred);
    await finish(imap, modeOf(imap), move, transferred);
  }

  /** Finishes what an earlier command is found to have transferred, and transfers the rest. */
  async function goOn(
    imap: ImapFlow,
    cache: MailboxCache,
    { identities }: UnfinishedTransfer,
    found: Transferred,
  ): Promise<void> {
    if (isAmbiguous(identities, found.uids))
      all.notes.push(
        `Some of these emails cannot be told apart: as many were finished as had arrived in ${quoted(destination)}.`,
      );
    await finish(imap, modeOf(imap), move, found);
    const rest = without(group, new Set(found.uids));
    if (rest.ids.size > 0) await transfer(imap, cache, rest);
  }

  async function run(imap: ImapFlow, cache: MailboxCache): Promise<void> {
    const earlier = await findEarlier(move);
    if (!earlier) return transfer(imap, cache, group);
    const found = await findTransferred(imap, modeOf(imap), earlier.transfer);
    await goOn(imap, cache, earlier.transfer, found);
    await earlier.end();
  }

  return {
    run,

    async resume(imap, cache) {
      // Nothing was transferred yet.
      if (!prepared) return run(imap, cache);
      const found = transferred
        ? await locate(imap, prepared, transferred)
        : await findTransferred(imap, modeOf(imap), prepared);
      await goOn(imap, cache, prepared, found);
      await (await findEarlier(move))?.end();
    },

    async keep() {
      // A COPY was kept before its command.
      if (prepared && prepared.identities.size > 0 && !(await findEarlier(move)))
        await unfinished.begin(prepared);
    },
  };
}

/** The unfinished transfers of these emails to the same mailbox, as one. */
async function findEarlier({
  group,
  destination,
  unfinished,
}: Move): Promise<{ transfer: UnfinishedTransfer; end(): Promise<void> } | undefined> {
  const all = await unfinished.list();
  const writes = all.flatMap((write) =>
    write.kind === "transfer" &&
    write.mailbox === group.mailbox &&
    write.uidValidity === group.uidValidity &&
    write.destination === destination &&
    [...write.identities.keys()].some((uid) => group.ids.has(uid))
      ? [write]
      : [],
  );
  const [first] = writes;
  if (!first) return undefined;
  const identities = new Map(
    writes.flatMap((write) => [...write.identities].filter(([uid]) => group.ids.has(uid))),
  );
  return {
    // The first one began before all the others, so that the arrivals of each come after it.
    transfer: { ...first, identities },
    async end() {
      for (const write of writes) await write.end();
    },
  };
}

/** Without COPYUID the emails are found in their new mailbox by what they were known by before. */
function isCareful(imap: ImapFlow, { careful = false }: Move): boolean {
  return careful || modeOf(imap) === "move-unconfirmed" || knownFacts(imap).has("move_without_copyuid");
}

const without = (group: EmailGroup, uids: ReadonlySet<number>): EmailGroup => ({
  ...group,
  ids: new Map([...group.ids].filter(([uid]) => !uids.has(uid))),
  isPresent: false,
});

async function finish(
  imap: ImapFlow,
  mode: MoveMode,
  { group, destination, all }: Move,
  done: Transferred,
): Promise<void> {
  if (done.uids.length === 0) return;
  if (mode === "copy-and-erase") await eraseOriginals(imap, group, destination, done.uids, all);
  if (mode === "copy-and-mark") await markOriginals(imap, group, destination, done.uids, all);
  report(group, done, mode, all);
}

async function leaveInPlace(imap: ImapFlow, group: EmailGroup, all: Done): Promise<void> {
  for (const uid of await findUids(imap, group)) all.done.set(group.ids.get(uid) ?? "", {});
  all.notes.push(`What was in ${quoted(group.mailbox)} already was left there.`);
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
