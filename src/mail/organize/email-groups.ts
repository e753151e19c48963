/** The emails a call names, mailbox by mailbox, and what became of each. */
import type { ImapFlow } from "imapflow";
import { AppError, quoted } from "../../errors.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import type { Access } from "../access.ts";
import type { Change, OrganizeResult, Outcome } from "../writing.ts";

/** The emails of one mailbox in one numbering. */
export type Group = { accountTag: string; mailbox: string; uidValidity: bigint; ids: Map<number, string> };

/** What was done to one group. `problems` holds why not, for the ids it could not be done to. */
export type Done = {
  done: Map<string, { newId?: string }>;
  problems: Map<string, string>;
  changes: Change[];
  notes: string[];
};

const gone = "It is no longer in its mailbox.";
const renumbered = "The mail server renumbered this mailbox since the id was given.";

function toGroups(access: Access, ids: readonly string[]): Group[] {
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
export async function forEachGroup(
  access: Access,
  ids: readonly string[],
  work: (imap: ImapFlow, group: Group, done: Done) => Promise<void>,
): Promise<OrganizeResult> {
  const all: Done = { done: new Map(), problems: new Map(), changes: [], notes: [] };
  let failure: AppError | undefined;
  for (const group of toGroups(access, ids)) {
    try {
      await access.write(group.mailbox, async (imap): Promise<void> => {
        const selected = requireSelected(imap);
        if (selected.uidValidity !== group.uidValidity) throw new AppError("email_moved", renumbered);
        if (selected.readOnly)
          throw new AppError("mailbox_read_only", `Nothing can be changed in ${quoted(group.mailbox)}.`);
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
        ids.length === 1
          ? "This email is no longer in its mailbox."
          : "None of these emails is in its mailbox any more.",
      )
    );
  const outcomes = [...new Set(ids)].map((id): Outcome => {
    const done = all.done.get(id);
    return done ? { id, done: true, ...done } : { id, done: false, problem: all.problems.get(id) ?? gone };
  });
  return { outcomes, changes: all.changes, notes: [...new Set(all.notes)] };
}

/** Which of the group's UIDs are in the selected mailbox now. */
export async function findUids(imap: ImapFlow, group: Group): Promise<number[]> {
  const range = toUidSet([...group.ids.keys()]);
  const found = await readFresh(imap, () => imap.search({ uid: range }, { uid: true }));
  if (!found) throw new AppError("mail_server_failed", "The mail server did not answer what is there.");
  return found.filter((uid) => group.ids.has(uid));
}

/** imapflow answers a refused command with false. */
export function requireDone(done: boolean | undefined, what: string): void {
  if (!done) throw new AppError("mail_server_failed", `The mail server refused to ${what}.`);
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
