/**
 * Flags, moves, deletion and their undoing, for up to hundreds of emails at once, with one outcome per email.
 *
 * Always by UID, and only after UIDVALIDITY was compared: an id can never hit another email. Nobody else's emails are
 * ever expunged: a server without UIDPLUS (RFC 4315) gets \Deleted and is left to clean up itself.
 */
import type { ImapFlow } from "imapflow";
import { AppError, quoted } from "../../errors.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import type { Access } from "../access.ts";

import { knownMailboxes, toMailboxPath } from "../mailboxes.ts";
import { findIgnoringCase, toNearestPath } from "../search/nearest-mailbox.ts";
import type { Change, MailWriting, OrganizeResult, Outcome } from "../writing.ts";
import { forEachGroup, requireDone, toUidSet } from "./email-groups.ts";
import { eraseGroup, moveGroup } from "./move.ts";

type Organizing = Pick<
  MailWriting,
  "markAsRead" | "changeFlags" | "moveEmails" | "deleteEmails" | "createMailbox" | "undo"
>;

export function createOrganizing(access: Access): Organizing {
  async function changeFlags(
    ids: readonly string[],
    { add, remove }: { add: string[]; remove: string[] },
  ): Promise<OrganizeResult> {
    return forEachGroup(access, ids, async (imap, group, all) => {
      requireStorable(imap, add);
      const range = toUidSet([...group.ids.keys()]);
      const found = await readFresh(imap, () =>
        imap.fetchAll(range, { uid: true, flags: true }, { uid: true }),
      );
      const present = found.filter((email) => group.ids.has(email.uid));
      const changes = present.flatMap((email): Change[] => {
        const had = new Set([...(email.flags ?? [])].map((flag) => flag.toLowerCase()));
        const id = group.ids.get(email.uid) ?? "";
        const added = add.filter((flag) => !had.has(flag.toLowerCase()));
        const removed = remove.filter((flag) => had.has(flag.toLowerCase()));
        return added.length + removed.length > 0 ? [{ kind: "flags", id, added, removed }] : [];
      });
      const set = toUidSet(present.map((email) => email.uid));
      if (set && changes.length > 0) {
        const options = { uid: true, silent: true };
        if (add.length > 0) requireDone(await imap.messageFlagsAdd(set, add, options), "set flags");
        if (remove.length > 0)
          requireDone(await imap.messageFlagsRemove(set, remove, options), "remove flags");
      }
      all.changes.push(...changes);
      for (const email of present) all.done.set(group.ids.get(email.uid) ?? "", {});
    });
  }

  async function moveEmails(ids: readonly string[], mailbox: string): Promise<OrganizeResult> {
    const moveTo = async (path: string): Promise<OrganizeResult> => ({
      ...(await forEachGroup(access, ids, (imap, group, all) => moveGroup(imap, group, path, all))),
      mailbox: path,
    });
    // Before a connection is held: a call never waits for a second one while it has a first.
    const path = await toMailboxPath(access, mailbox);
    try {
      return await moveTo(path);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "mailbox_not_found") throw error;
      const known = await access.read(undefined, (imap) => knownMailboxes(imap));
      // It may be the mailbox they were in that is gone.
      if (known.some((there) => there.path === path)) throw error;
      const meant = findIgnoringCase(known, path);
      if (meant) return moveTo(meant.path);
      const nearest = toNearestPath(known, path);
      const near = nearest ? `; the nearest is ${quoted(nearest)}` : "";
      throw new AppError("mailbox_not_found", `There is no mailbox ${quoted(path)}${near}.`, {
        hint: "Nothing was moved. list_mailboxes shows the mailboxes there are, create_mailbox makes one.",
      });
    }
  }

  async function deleteEmails(ids: readonly string[], permanently: boolean): Promise<OrganizeResult> {
    if (permanently && !(await isGmail())) return forEachGroup(access, ids, eraseGroup);
    const trash = await toMailboxPath(access, "trash");
    const organised = await forEachGroup(access, ids, (imap, group, all) =>
      group.mailbox === trash ? eraseGroup(imap, group, all) : moveGroup(imap, group, trash, all),
    );
    if (!permanently) return { ...organised, mailbox: trash };
    // Gmail keeps in All Mail what is expunged anywhere else: only what is expunged from its Trash is erased.
    const inTrash = organised.changes.flatMap((change) => (change.kind === "moved" ? (change.id ?? []) : []));
    const erased = await forEachGroup(access, inTrash, eraseGroup);
    const stayed = new Set(erased.outcomes.filter((outcome) => !outcome.done).map((outcome) => outcome.id));
    return {
      outcomes: organised.outcomes.map(({ newId, ...outcome }) =>
        newId !== undefined && stayed.has(newId) ? { ...outcome, newId } : outcome,
      ),
      changes: organised.changes.filter((change) => change.id !== undefined && stayed.has(change.id)),
      notes: [...organised.notes, ...erased.notes],
    };
  }

  const isGmail = () => access.read(undefined, async (imap) => imap.capabilities.has("X-GM-EXT-1"));

  async function undo(changes: readonly Change[]): Promise<OrganizeResult> {
    const outcomes = new Map<Change, Outcome>();
    const notes: string[] = [];
    const open: Change[] = [];
    const batches = new Map<string, Change[]>();
    for (const change of changes) {
      if (change.id === undefined) {
        outcomes.set(change, { id: "", done: false, problem: "The mail server did not say where it went." });
        continue;
      }
      // One mailbox each: what one of them refuses, or loses with its connection, is to be tried again by itself.
      const { mailbox } = access.toRef(change.id);
      const key =
        change.kind === "moved"
          ? JSON.stringify(["moved", mailbox, change.from])
          : JSON.stringify(["flags", mailbox, change.added, change.removed]);
      batches.set(key, [...(batches.get(key) ?? []), change]);
    }
    for (const batch of batches.values()) {
      const [first] = batch;
      if (!first) continue;
      const ids = batch.flatMap((change) => change.id ?? []);
      try {
        const back =
          first.kind === "moved"
            ? await moveEmails(ids, first.from)
            : await changeFlags(ids, { add: first.removed, remove: first.added });
        notes.push(...back.notes);
        for (const change of batch) {
          const outcome = back.outcomes.find((candidate) => candidate.id === change.id);
          if (outcome) outcomes.set(change, outcome);
        }
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        // Gone is gone; a server that is away will be back.
        if (!["email_not_found", "email_moved", "mailbox_not_found"].includes(error.code))
          open.push(...batch);
        for (const change of batch)
          outcomes.set(change, { id: change.id ?? "", done: false, problem: error.message });
      }
    }
    return {
      outcomes: changes.flatMap((change) => outcomes.get(change) ?? []),
      changes: open,
      notes: [...new Set(notes)],
    };
  }

  return {
    markAsRead: (ids, read) =>
      changeFlags(ids, read ? { add: ["\\Seen"], remove: [] } : { add: [], remove: ["\\Seen"] }),
    changeFlags,
    moveEmails,
    deleteEmails,
    undo,
    createMailbox: (path) =>
      access.write(undefined, async (imap) => {
        const created = await imap.mailboxCreate(toLevels(path));
        if (!created.created)
          throw new AppError("mailbox_exists", `There is a mailbox ${quoted(created.path)} already.`);
        return created.path;
      }),
  };
}

/** A flag the mailbox would drop in silence is refused instead (PERMANENTFLAGS, RFC 9051 section 7.1). */
function requireStorable(imap: ImapFlow, flags: readonly string[]): void {
  const permanent = requireSelected(imap).permanentFlags;
  if (!permanent || permanent.has("\\*")) return;
  const known = new Set([...permanent].map((flag) => flag.toLowerCase()));
  const refused = flags.find((flag) => !known.has(flag.toLowerCase()));
  if (refused) throw new AppError("not_supported", `This mailbox does not keep ${refused}.`);
}

/** `a/b` -> its levels, which imapflow joins with the server's own delimiter. Throws invalid_input. */
function toLevels(path: string): string[] {
  const levels = path.split("/").map((level) => level.trim());
  const wrong = levels.some(
    (level) => level === "" || level.length > 100 || /[\p{Cc}\p{Cf}\p{Cs}*%\\"]/u.test(level),
  );
  if (wrong || levels.length > 10)
    throw new AppError("invalid_input", "`path` is not a mailbox name.", {
      hint: 'Use letters, digits and spaces, levels separated by "/", without * % " \\.',
    });
  return levels;
}
