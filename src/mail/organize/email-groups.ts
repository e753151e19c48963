/** The emails that a call names, grouped by mailbox, and the outcome of each. */
import type { ImapFlow } from "imapflow";
import { AppError, LostWriteError, quoted } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { isHiddenUid } from "../../imap/private-mailboxes.ts";
import { atom } from "../../imap/raw-search.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import { splitUids, toUidSet } from "../../imap/uid-set.ts";
import type { Access } from "../access.ts";
import type { Change, OrganizeResult, Outcome } from "../writing.ts";

/** Emails of one mailbox under one UIDVALIDITY, as many as one command names: email id by UID. */
export type EmailGroup = {
  accountTag: string;
  mailbox: string;
  uidValidity: bigint;
  ids: Map<number, string>;
  /** All of them were found in the mailbox just now. */
  isPresent?: boolean;
};

/** Outcomes over all groups, by email id; `problems` holds our sentence for each email that was not changed. */
export type Done = {
  done: Map<string, { newId?: string; marked?: boolean }>;
  problems: Map<string, string>;
  changes: Change[];
  notes: string[];
  /** UIDNEXT of destinations before the first COPY to them, by path; undefined where the server has none. */
  uidNext: Map<string, number | undefined>;
};

const gone = "It is no longer in its mailbox.";
const renumbered = "The mail server renumbered this mailbox since the id was given.";

export const nothingDone = (): Done => ({
  done: new Map(),
  problems: new Map(),
  changes: [],
  notes: [],
  uidNext: new Map(),
});

/** Groups emails by their mailbox. */
export function toGroups(access: Access, ids: readonly string[]): EmailGroup[] {
  const groups = new Map<string, EmailGroup>();
  for (const id of ids) {
    const { accountTag, mailbox, uidValidity, uid } = access.toRef(id);
    const key = `${uidValidity}\0${mailbox}`;
    const group = groups.get(key) ?? { accountTag, mailbox, uidValidity, ids: new Map<number, string>() };
    group.ids.set(uid, id);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(splitGroup);
}

/** Splits a group into ones that one command each can name. */
export function splitGroup(group: EmailGroup): EmailGroup[] {
  const idOf = (uid: number) => [uid, group.ids.get(uid) ?? ""] as const;
  return splitUids([...group.ids.keys()]).map((uids) => ({ ...group, ids: new Map(uids.map(idOf)) }));
}

/** The change of one group. Both functions run on a connection that has the group's mailbox selected. */
export type GroupChange = {
  run(imap: ImapFlow, cache: MailboxCache): Promise<void>;
  /**
   * Finds out what `run` did before its connection was lost, and does the rest, so that nothing is done twice. Absent:
   * the outcome stays unknown.
   */
  resume?(imap: ImapFlow, cache: MailboxCache): Promise<void>;
  /** Keeps what is known, after the outcome stayed unknown, for the repeated call to find. */
  keep?(): Promise<void>;
};

/** Makes the change of a group; its outcomes go to `done`. */
export type ToChange = (group: EmailGroup, done: Done) => GroupChange;

/**
 * Changes each group. A group that fails does not stop the others; its failure is thrown only when nothing was done at
 * all. Throws email_not_found likewise.
 */
export async function forEachGroup(
  access: Access,
  ids: readonly string[],
  toChange: ToChange,
): Promise<OrganizeResult> {
  const all = nothingDone();
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
  return toOrganizeResult([...new Set(ids)], all);
}

/** The outcome of each email in the order of `ids`. */
export function toOrganizeResult(ids: readonly string[], all: Done): OrganizeResult {
  const outcomes = ids.map((id): Outcome => {
    const done = all.done.get(id);
    return done ? { id, done: true, ...done } : { id, done: false, problem: all.problems.get(id) ?? gone };
  });
  return { outcomes, changes: all.changes, notes: [...new Set(all.notes)] };
}

/** Runs a change, and resumes it once on a new connection when the first was lost. */
export async function changeGroup(access: Access, group: EmailGroup, change: GroupChange): Promise<void> {
  try {
    await runAndResume(access, group, change);
  } catch (error) {
    const isOpen = error instanceof LostWriteError || access.signal.aborted;
    if (isOpen) await change.keep?.();
    throw error;
  }
}

async function runAndResume(access: Access, group: EmailGroup, change: GroupChange): Promise<void> {
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
    // Emails that the person keeps private count as missing.
    for (const uid of group.ids.keys()) if (isHiddenUid(imap, uid)) group.ids.delete(uid);
    if (group.ids.size > 0) await work(imap, cache);
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
