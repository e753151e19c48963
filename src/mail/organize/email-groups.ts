/** The emails that a call names, grouped by mailbox, and the outcome of each. */
import type { ImapFlow } from "imapflow";
import { AppError, LostWriteError, quoted } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { atom } from "../../imap/raw-search.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import type { Access } from "../access.ts";
import type { Change, OrganizeResult, Outcome } from "../writing.ts";

/** Emails of one mailbox under one UIDVALIDITY: email id by UID. */
export type EmailGroup = {
  accountTag: string;
  mailbox: string;
  uidValidity: bigint;
  ids: Map<number, string>;
};

/** Outcomes over all groups, by email id; `problems` holds our sentence for each email that was not changed. */
export type Done = {
  done: Map<string, { newId?: string; marked?: boolean }>;
  problems: Map<string, string>;
  changes: Change[];
  notes: string[];
};

const gone = "It is no longer in its mailbox.";
const renumbered = "The mail server renumbered this mailbox since the id was given.";

function toGroups(access: Access, ids: readonly string[]): EmailGroup[] {
  const groups = new Map<string, EmailGroup>();
  for (const id of ids) {
    const { accountTag, mailbox, uidValidity, uid } = access.toRef(id);
    const key = `${uidValidity}\0${mailbox}`;
    const group = groups.get(key) ?? { accountTag, mailbox, uidValidity, ids: new Map<number, string>() };
    group.ids.set(uid, id);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The change of one group. Both functions run on a connection that has the group's mailbox selected. */
export type GroupChange = {
  run(imap: ImapFlow, cache: MailboxCache): Promise<void>;
  /**
   * Finds out what `run` did before its connection was lost, and does the rest, so that nothing is done twice. Absent:
   * the outcome stays unknown.
   */
  resume?(imap: ImapFlow, cache: MailboxCache): Promise<void>;
};

/**
 * Changes each group. A group that fails does not stop the others; its failure is thrown only when nothing was done at
 * all. Throws email_not_found likewise.
 */
export async function forEachGroup(
  access: Access,
  ids: readonly string[],
  toChange: (group: EmailGroup, done: Done) => GroupChange,
): Promise<OrganizeResult> {
  const all: Done = { done: new Map(), problems: new Map(), changes: [], notes: [] };
  let failure: AppError | undefined;
  for (const group of toGroups(access, ids)) {
    try {
      await changeGroup(access, group, toChange(group, all));
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

/** Runs a change, and resumes it once on a new connection when the first was lost. */
async function changeGroup(access: Access, group: EmailGroup, change: GroupChange): Promise<void> {
  const { resume } = change;
  try {
    await withGroupSelected(access, group, change.run);
  } catch (error) {
    if (!(error instanceof LostWriteError) || !resume) throw error;
    await withGroupSelected(access, group, resume).catch((second: unknown) => {
      // The first failure says more: that the change may have been done.
      throw second instanceof AppError ? error : second;
    });
  }
}

function withGroupSelected(access: Access, group: EmailGroup, work: GroupChange["run"]): Promise<void> {
  return access.write(group.mailbox, async (imap, cache) => {
    const selected = requireSelected(imap);
    if (selected.uidValidity !== group.uidValidity) throw new AppError("email_moved", renumbered);
    if (selected.readOnly)
      throw new AppError("mailbox_read_only", `Nothing can be changed in ${quoted(group.mailbox)}.`);
    await work(imap, cache);
  });
}

/** The UIDs of the group that the selected mailbox holds now. Throws mail_server_failed. */
export async function findUids(imap: ImapFlow, group: EmailGroup): Promise<number[]> {
  const range = toUidSet([...group.ids.keys()]);
  const found = await readFresh(imap, () =>
    uidSearch(imap, [atom("UID"), { type: "SEQUENCE", value: range }]),
  );
  return found.filter((uid) => group.ids.has(uid));
}

/** Throws mail_server_failed for `false`, imapflow's result of a refused command. */
export function requireDone(done: boolean | undefined, what: string): void {
  if (!done) throw new AppError("mail_server_failed", `The mail server refused to ${what}.`);
}

/** UIDs as a compact IMAP sequence set: 1,2,3,7 -> "1:3,7". Empty for none. */
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
