/** Taking emails out of a mailbox: by MOVE, by COPY and removal, or for ever; never somebody else's. */
import type { CopyResponseObject, ImapFlow } from "imapflow";
import { toEmailId } from "../../email/email-id.ts";
import { AppError, quoted } from "../../errors.ts";
import { toAppError } from "../../imap/failures.ts";
import { requireSelected } from "../../imap/select.ts";
import { type Done, findUids, type Group, requireDone, toUidSet } from "./email-groups.ts";

/** Moves what is left of a group to `destination`: MOVE (RFC 6851), else COPY and the removal the server can do. */
export async function moveGroup(imap: ImapFlow, group: Group, destination: string, all: Done): Promise<void> {
  if (destination === group.mailbox) {
    for (const uid of await findUids(imap, group)) all.done.set(group.ids.get(uid) ?? "", {});
    all.notes.push(`What was in ${quoted(destination)} already was left there.`);
    return;
  }
  const tellsIds = imap.capabilities.has("UIDPLUS");
  const moves = imap.capabilities.has("MOVE");
  const before = requireSelected(imap).exists;
  let refusal: string | undefined;
  const transfer = (uids: readonly number[]) =>
    taken(
      imap,
      () =>
        moves
          ? imap.messageMove(toUidSet(uids), destination, { uid: true })
          : imap.messageCopy(toUidSet(uids), destination, { uid: true }),
      (code) => {
        refusal = code;
      },
    );
  // COPYUID names what was moved; where it may be missing we look first, or a missing email would pass for a moved one.
  let present = tellsIds && moves ? [...group.ids.keys()] : await findUids(imap, group);
  if (present.length === 0) return;
  let copied = await transfer(present);
  if (!copied) {
    // All or nothing (RFC 9051 section 6.4.7): one email that was removed elsewhere just now holds up the rest.
    const left = await findUids(imap, group);
    if (left.length === 0) return;
    if (left.length < present.length) copied = await transfer(left);
    present = left;
  }
  if (!copied) {
    await requireMailbox(imap, destination);
    const why = toAppError({ responseStatus: "NO", serverResponseCode: refusal }, "imap");
    throw new AppError(why.code, `Nothing was moved to ${quoted(destination)}. ${why.message}`, {
      cause: why,
    });
  }
  if (moves && tellsIds) copied = await moveArrivals(imap, group, copied, transfer);
  // The path as the server has it: a name without its prefix leads there, too.
  const { uidMap, uidValidity, destination: path } = copied;
  const moved = uidMap
    ? present.filter((uid) => uidMap.has(uid))
    : tellsIds && moves
      ? await findMoved(imap, group, before, all)
      : present;
  // Where COPYUID names what was copied, nothing else is removed.
  const set = toUidSet(moved);
  if (moved.length === 0) return;
  if (!moves && tellsIds && !(await imap.messageDelete(set, { uid: true })))
    all.notes.push(
      `Copied to ${quoted(destination)}, but the originals could not be removed from ${quoted(group.mailbox)}.`,
    );
  if (!moves && !tellsIds) {
    requireDone(await imap.messageFlagsAdd(set, ["\\Deleted"], { uid: true, silent: true }), "mark emails");
    all.notes.push(
      `This mail server cannot move: copies are in ${quoted(destination)}, the originals stay in ${quoted(group.mailbox)} marked as deleted until a mail program cleans up.`,
    );
  }
  for (const uid of moved) {
    const id = group.ids.get(uid) ?? "";
    const newUid = uidMap?.get(uid);
    const newId =
      newUid === undefined || uidValidity === undefined
        ? undefined
        : toEmailId({ accountTag: group.accountTag, mailbox: path, uidValidity, uid: newUid });
    all.done.set(id, newId ? { newId } : {});
    all.changes.push(
      moves || tellsIds
        ? { kind: "moved", from: group.mailbox, ...(newId ? { id: newId } : {}) }
        : { kind: "flags", id, added: ["\\Deleted"], removed: [] },
    );
  }
}

/**
 * What was not moved may only not have been seen: a connection that selected the mailbox a while ago learns what has
 * arrived since by the answer to its next command, and that was the MOVE. What is there after all is moved now.
 */
async function moveArrivals(
  imap: ImapFlow,
  group: Group,
  first: CopyResponseObject,
  transfer: (uids: readonly number[]) => Promise<CopyResponseObject | undefined>,
): Promise<CopyResponseObject> {
  const missed = new Map([...group.ids].filter(([uid]) => !first.uidMap?.has(uid)));
  if (missed.size === 0) return first;
  const arrived = await findUids(imap, { ...group, ids: missed });
  const second = arrived.length > 0 ? await transfer(arrived) : undefined;
  if (!second?.uidMap) return second ?? first;
  return { ...second, uidMap: new Map([...(first.uidMap ?? []), ...second.uidMap]) };
}

/** Erases exactly these emails, or, without UIDPLUS, marks them and says that somebody else has to expunge. */
export async function eraseGroup(imap: ImapFlow, group: Group, all: Done): Promise<void> {
  const present = await findUids(imap, group);
  if (present.length === 0) return;
  const set = toUidSet(present);
  if (imap.capabilities.has("UIDPLUS")) {
    requireDone(await imap.messageDelete(set, { uid: true }), "erase emails");
  } else {
    requireDone(await imap.messageFlagsAdd(set, ["\\Deleted"], { uid: true, silent: true }), "mark emails");
    all.notes.push(
      `This mail server cannot erase single emails: they stay in ${quoted(group.mailbox)} marked as deleted until a mail program cleans up.`,
    );
    for (const uid of present)
      all.changes.push({ kind: "flags", id: group.ids.get(uid) ?? "", added: ["\\Deleted"], removed: [] });
  }
  for (const uid of present) all.done.set(group.ids.get(uid) ?? "", {});
}

/**
 * What `work` answers, or undefined when the server refused it, with the code it gave to `onRefusal`. imapflow takes
 * Dovecot's NO [EXPUNGEISSUED] for success, by its text, although nothing was copied then.
 */
async function taken<T>(
  imap: ImapFlow,
  work: () => Promise<T | false>,
  onRefusal: (code: string | undefined) => void,
): Promise<T | undefined> {
  let refused = false;
  const onResponse = ({ response, code }: { response: string; code?: string }) => {
    if (response.toUpperCase() === "OK") return;
    refused = true;
    onRefusal(code);
  };
  imap.on("response", onResponse);
  try {
    const answer = await work();
    return refused || answer === false ? undefined : answer;
  } finally {
    imap.off("response", onResponse);
  }
}

/** What a MOVE that named no new UIDs moved: nothing when the mailbox holds as many as before, else what is gone. */
async function findMoved(imap: ImapFlow, group: Group, before: number, all: Done): Promise<number[]> {
  if (requireSelected(imap).exists >= before) return [];
  const left = new Set(await findUids(imap, group));
  all.notes.push(
    "The mail server did not confirm each email; those counted as moved are no longer where they were.",
  );
  return [...group.ids.keys()].filter((uid) => !left.has(uid));
}

async function requireMailbox(imap: ImapFlow, path: string): Promise<void> {
  const listed = await imap.list({ listOnly: true });
  if (!listed.some((mailbox) => mailbox.path === path))
    throw new AppError("mailbox_not_found", `There is no mailbox ${quoted(path)}.`);
}
