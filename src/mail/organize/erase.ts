/** Erasing emails for good; no other email is ever removed. */
import type { ImapFlow } from "imapflow";
import { quoted } from "../../errors.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import { type Done, type EmailGroup, findUids, type GroupChange, requireDone } from "./email-groups.ts";

/**
 * The erasure of exactly these emails by UID EXPUNGE (RFC 4315). Without UIDPLUS they are marked, and a note says that a
 * mail program has to expunge: EXPUNGE would also erase what other clients marked.
 */
export function toErasure(group: EmailGroup, all: Done): GroupChange {
  /** The emails that were there before the first command: those gone after a lost connection were erased by it. */
  let known: readonly number[] | undefined;

  async function run(imap: ImapFlow): Promise<void> {
    const present = group.isPresent && !known ? [...group.ids.keys()] : await findUids(imap, group);
    known ??= present;
    if (present.length > 0) await erase(imap, present);
    for (const uid of known) {
      const isMarked = present.includes(uid) && !imap.capabilities.has("UIDPLUS");
      all.done.set(group.ids.get(uid) ?? "", isMarked ? { marked: true } : {});
    }
  }

  async function erase(imap: ImapFlow, uids: readonly number[]): Promise<void> {
    const set = toUidSet(uids);
    if (imap.capabilities.has("UIDPLUS")) {
      requireDone(await imap.messageDelete(set, { uid: true }), "erase emails");
      return;
    }
    requireDone(await imap.messageFlagsAdd(set, ["\\Deleted"], { uid: true, silent: true }), "mark emails");
    all.notes.push(
      `This mail server cannot erase single emails: they stay in ${quoted(group.mailbox)} marked as deleted until a mail program cleans up.`,
    );
    for (const uid of uids)
      all.changes.push({ kind: "flags", id: group.ids.get(uid) ?? "", added: ["\\Deleted"], removed: [] });
  }

  return { run, resume: run };
}
