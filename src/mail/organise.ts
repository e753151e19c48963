/**
 * Flags, moves, deletion and their undoing, for up to hundreds of emails at once, with one outcome per email.
 *
 * Always by UID, and only after UIDVALIDITY was compared: an id can never hit another email. Nobody else's emails are
 * ever expunged: a server without UIDPLUS (RFC 4315) gets \Deleted and is left to clean up itself.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { type Access, requireSelected } from "./access.ts";
import { toEmailId } from "./email-id.ts";
import type { Outcome } from "./mail.ts";
import { toMailboxPath } from "./mailboxes.ts";
import type { Change, MailWriting, Organised } from "./writing.ts";

type Organising = Pick<
  MailWriting,
  "markAsRead" | "changeFlags" | "moveEmails" | "deleteEmails" | "createMailbox" | "undo"
>;

/** The emails of one mailbox in one numbering. */
type Group = { accountTag: string; mailbox: string; uidValidity: bigint; ids: Map<number, string> };

/** What was done to one group. `problems` holds why not, for the ids it could not be done to. */
type Done = {
  done: Map<string, { newId?: string }>;
  problems: Map<string, string>;
  changes: Change[];
  notes: string[];
};

const gone = "It is no longer in this mailbox: moved or deleted; search again.";
const renumbered = "The mailbox was renumbered and old ids no longer count; search again.";

export function createOrganising(access: Access): Organising {
  function toGroups(ids: readonly string[]): Group[] {
    const groups = new Map<string, Group>();
    for (const id of ids) {
      const { accountTag, mailbox, uidValidity, uid } = access.toRef(id);
      const key = `${uidValidity}\0${mailbox}`;
      const group = groups.get(key) ?? { accountTag, mailbox, uidValidity, ids: new Map<number, string>() };
      group.ids.set(uid, id);
      groups.set(key, group);
    }
    return [...groups.values()];
  }

  /** Runs `work` per group on a connection that has the group's mailbox selected; a failure of one spares the rest. */
  async function forEachGroup(
    ids: readonly string[],
    work: (imap: ImapFlow, group: Group, done: Done) => Promise<void>,
  ): Promise<Organised> {
    const all: Done = { done: new Map(), problems: new Map(), changes: [], notes: [] };
    let failure: AppError | undefined;
    for (const group of toGroups(ids)) {
      try {
        await access.write(group.mailbox, async (imap): Promise<void> => {
          const selected = requireSelected(imap);
          if (selected.uidValidity !== group.uidValidity) throw new AppError("email_moved", renumbered);
          if (selected.readOnly)
            throw new AppError("mailbox_read_only", `Nothing can be changed in ${group.mailbox}.`);
          await work(imap, group, all);
        });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        failure ??= error;
        for (const id of group.ids.values())
          if (!all.done.has(id) && !all.problems.has(id)) all.problems.set(id, error.message);
      }
    }
    if (all.done.size === 0)
      throw (
        failure ??
        new AppError(
          "email_not_found",
          ids.length === 1 ? gone : "None of these emails is in its mailbox any more.",
        )
      );
    const outcomes = [...new Set(ids)].map((id): Outcome => {
      const done = all.done.get(id);
      return done ? { id, done: true, ...done } : { id, done: false, problem: all.problems.get(id) ?? gone };
    });
    return { outcomes, changes: all.changes, notes: [...new Set(all.notes)] };
  }

  async function changeFlags(
    ids: readonly string[],
    { add, remove }: { add: string[]; remove: string[] },
  ): Promise<Organised> {
    return forEachGroup(ids, async (imap, group, all) => {
      requireStorable(imap, add);
      const found = await imap.fetchAll(
        toUidSet([...group.ids.keys()]),
        { uid: true, flags: true },
        { uid: true },
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

  /** Moves what is left of a group to `destination`: MOVE (RFC 6851), else COPY and the removal the server can do. */
  async function moveGroup(imap: ImapFlow, group: Group, destination: string, all: Done): Promise<void> {
    if (destination === group.mailbox) {
      for (const uid of await findUids(imap, group)) all.done.set(group.ids.get(uid) ?? "", {});
      all.notes.push(`Some were in ${destination} already and were left there.`);
      return;
    }
    const tellsIds = imap.capabilities.has("UIDPLUS");
    const moves = imap.capabilities.has("MOVE");
    // COPYUID names what was moved; without it we have to look first, or a missing email would pass for a moved one.
    const present = tellsIds && moves ? [...group.ids.keys()] : await findUids(imap, group);
    if (present.length === 0) return;
    const set = toUidSet(present);
    const copied = moves
      ? await imap.messageMove(set, destination, { uid: true })
      : await imap.messageCopy(set, destination, { uid: true });
    if (!copied) {
      await requireMailbox(imap, destination);
      throw new AppError("mail_server_failed", `The mail server refused to move emails to ${destination}.`);
    }
    const { uidMap, uidValidity } = copied;
    const moved = tellsIds && moves ? present.filter((uid) => uidMap?.has(uid)) : present;
    if (!moves && tellsIds && !(await imap.messageDelete(set, { uid: true })))
      all.notes.push(
        `Copied to ${destination}, but the originals could not be removed from ${group.mailbox}.`,
      );
    if (!moves && !tellsIds) {
      requireDone(await imap.messageFlagsAdd(set, ["\\Deleted"], { uid: true, silent: true }), "mark emails");
      all.notes.push(
        `This mail server cannot move: copies are in ${destination}, the originals stay in ${group.mailbox} marked as deleted until a mail program cleans up.`,
      );
    }
    for (const uid of moved) {
      const id = group.ids.get(uid) ?? "";
      const newUid = uidMap?.get(uid);
      const newId =
        newUid === undefined || uidValidity === undefined
          ? undefined
          : toEmailId({ accountTag: group.accountTag, mailbox: destination, uidValidity, uid: newUid });
      all.done.set(id, newId ? { newId } : {});
      all.changes.push(
        moves || tellsIds
          ? { kind: "moved", from: group.mailbox, ...(newId ? { id: newId } : {}) }
          : { kind: "flags", id, added: ["\\Deleted"], removed: [] },
      );
    }
  }

  /** Erases exactly these emails, or, without UIDPLUS, marks them and says that somebody else has to expunge. */
  async function eraseGroup(imap: ImapFlow, group: Group, all: Done): Promise<void> {
    const present = await findUids(imap, group);
    if (present.length === 0) return;
    const set = toUidSet(present);
    if (imap.capabilities.has("UIDPLUS")) {
      requireDone(await imap.messageDelete(set, { uid: true }), "erase emails");
    } else {
      requireDone(await imap.messageFlagsAdd(set, ["\\Deleted"], { uid: true, silent: true }), "mark emails");
      all.notes.push(
        `This mail server cannot erase single emails: they stay in ${group.mailbox} marked as deleted until a mail program cleans up.`,
      );
      for (const uid of present)
        all.changes.push({ kind: "flags", id: group.ids.get(uid) ?? "", added: ["\\Deleted"], removed: [] });
    }
    for (const uid of present) all.done.set(group.ids.get(uid) ?? "", {});
  }

  async function moveEmails(ids: readonly string[], mailbox: string): Promise<Organised> {
    // Before a connection is held: a call never waits for a second one while it has a first.
    const path = await toMailboxPath(access, mailbox);
    const organised = await forEachGroup(ids, (imap, group, all) => moveGroup(imap, group, path, all));
    return { ...organised, mailbox: path };
  }

  async function deleteEmails(ids: readonly string[], permanently: boolean): Promise<Organised> {
    if (permanently && !(await isGmail())) return forEachGroup(ids, eraseGroup);
    const trash = await toMailboxPath(access, "trash");
    const organised = await forEachGroup(ids, (imap, group, all) =>
      group.mailbox === trash ? eraseGroup(imap, group, all) : moveGroup(imap, group, trash, all),
    );
    if (!permanently) return { ...organised, mailbox: trash };
    // Gmail keeps in All Mail what is expunged anywhere else: only what is expunged from its Trash is erased.
    const inTrash = organised.changes.flatMap((change) => (change.kind === "moved" ? (change.id ?? []) : []));
    const erased = await forEachGroup(inTrash, eraseGroup);
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

  async function undo(changes: readonly Change[]): Promise<Organised> {
    const outcomes = new Map<Change, Outcome>();
    const notes: string[] = [];
    const batches = new Map<string, Change[]>();
    for (const change of changes) {
      if (change.id === undefined) {
        outcomes.set(change, { id: "", done: false, problem: "The mail server did not say where it went." });
        continue;
      }
      const key =
        change.kind === "moved"
          ? JSON.stringify(["moved", change.from])
          : JSON.stringify(["flags", change.added, change.removed]);
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
        for (const change of batch)
          outcomes.set(change, { id: change.id ?? "", done: false, problem: error.message });
      }
    }
    return {
      outcomes: changes.flatMap((change) => outcomes.get(change) ?? []),
      changes: [],
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
          throw new AppError("mailbox_exists", `There is a mailbox ${created.path} already.`);
        return created.path;
      }),
  };
}

/** Which of the group's UIDs are in the selected mailbox. */
async function findUids(imap: ImapFlow, group: Group): Promise<number[]> {
  const found = await imap.search({ uid: toUidSet([...group.ids.keys()]) }, { uid: true });
  if (!found) throw new AppError("mail_server_failed", "The mail server did not answer what is there.");
  return found.filter((uid) => group.ids.has(uid));
}

/** A flag the mailbox would drop in silence is refused instead (PERMANENTFLAGS, RFC 9051 section 7.1). */
function requireStorable(imap: ImapFlow, flags: readonly string[]): void {
  const permanent = requireSelected(imap).permanentFlags;
  if (!permanent || permanent.has("\\*")) return;
  const known = new Set([...permanent].map((flag) => flag.toLowerCase()));
  const refused = flags.find((flag) => !known.has(flag.toLowerCase()));
  if (refused) throw new AppError("not_supported", `This mailbox does not keep ${refused}.`);
}

/** imapflow answers a refused command with false. */
function requireDone(done: boolean | undefined, what: string): void {
  if (!done) throw new AppError("mail_server_failed", `The mail server refused to ${what}.`);
}

async function requireMailbox(imap: ImapFlow, path: string): Promise<void> {
  const listed = await imap.list({ listOnly: true });
  if (!listed.some((mailbox) => mailbox.path === path))
    throw new AppError("mailbox_not_found", `There is no mailbox ${path}.`);
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

/** UIDs as a compact IMAP set: 1,2,3,7 -> "1:3,7". Empty for none. */
export function toUidSet(uids: readonly number[]): string {
  const sorted = [...new Set(uids)].sort((a, b) => a - b);
  const ranges: { from: number; to: number }[] = [];
  for (const uid of sorted) {
    const last = ranges.at(-1);
    if (last && last.to === uid - 1) last.to = uid;
    else ranges.push({ from: uid, to: uid });
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}:${to}`)).join(",");
}
