/** Changing flags, keywords and Gmail's labels. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import { lastKnownChange, type OneFlag, storeUnchanged } from "../../imap/conditional-store.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { lowerCaseFlags, toLabels } from "../../imap/fetched-values.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import { requireDone, type ToChange } from "./email-groups.ts";

/** Flags and labels to add and to remove, with the flags among them apart from Gmail's labels. */
type FlagChange = {
  add: readonly string[];
  remove: readonly string[];
  flags: { add: string[]; remove: string[] };
  labels: { add: string[]; remove: string[] };
};

/** Adds and removes flags and keywords; at Gmail, a word without `$` is a label. */
export function toFlagChange({ add, remove }: { add: string[]; remove: string[] }): ToChange {
  return (group, all) => {
    /** The marks before the first STORE: after a lost connection they may be those that it set. */
    const before = new Map<number, ReadonlySet<string>>();
    /** The last known change before a STORE whose answer was lost or refused. */
    let openSince: bigint | undefined;
    const run = async (imap: ImapFlow) => {
      const change = splitChange(imap, add, remove);
      requireStorable(imap, change.flags.add);
      const uids = [...group.ids.keys()];
      const note = (email: FetchMessageObject, marks: ReadonlySet<string>) => {
        if (!before.has(email.uid)) before.set(email.uid, marks);
      };
      const one = toOneFlag(change);
      const since = one && openSince === undefined ? lastKnownChange(imap) : undefined;
      let present: FetchMessageObject[] = [];
      if (one && since !== undefined) {
        openSince = since;
        const stored = await storeUnchanged(imap, uids, one, since);
        for (const email of stored?.before ?? []) note(email, marksOf(email));
        for (const email of stored?.after ?? []) note(email, marksBefore(email, change, since));
        present = [...(stored?.before ?? []), ...(stored?.after ?? [])];
        if (stored) openSince = undefined;
      }
      const left = uids.filter((uid) => !present.some((email) => email.uid === uid));
      if (left.length > 0) {
        const noteLeft = (email: FetchMessageObject) => note(email, marksBefore(email, change, openSince));
        present.push(...(await readThenStore(imap, left, change, noteLeft)));
      }
      for (const { uid } of present) {
        const id = group.ids.get(uid) ?? "";
        all.done.set(id, {});
        const had = before.get(uid) ?? new Set();
        const added = add.filter((flag) => !had.has(flag.toLowerCase()));
        const removed = remove.filter((flag) => had.has(flag.toLowerCase()));
        if (added.length + removed.length > 0) all.changes.push({ kind: "flags", id, added, removed });
      }
    };
    // STORE has the same result when it is repeated.
    return { run, resume: run };
  };
}

/** The change, where it is one flag. */
function toOneFlag({ flags, labels }: FlagChange): OneFlag | undefined {
  const [flag, ...others] = [...flags.add, ...flags.remove];
  const isOne = flag !== undefined && [...others, ...labels.add, ...labels.remove].length === 0;
  return isOne ? { flag, isSet: flags.add.length === 1 } : undefined;
}

/** Reads flags, and changes them after the answer. Returns the emails that are there. */
async function readThenStore(
  imap: ImapFlow,
  uids: readonly number[],
  change: FlagChange,
  note: (email: FetchMessageObject) => void,
): Promise<FetchMessageObject[]> {
  const { flags, labels } = change;
  const hasLabels = labels.add.length + labels.remove.length > 0;
  const query = { uid: true, flags: true, ...(hasLabels && { labels: true }) };
  const found = await readFresh(imap, () => fetchByUid(imap, toUidSet(uids), query));
  const present = onceEach(found, uids);
  for (const email of present) note(email);
  const isDone = (email: FetchMessageObject) => {
    const marks = marksOf(email);
    const has = (flag: string) => marks.has(flag.toLowerCase());
    return change.add.every(has) && !change.remove.some(has);
  };
  if (present.every(isDone)) return present;
  const set = toUidSet(present.map(({ uid }) => uid));
  await storeFlags(imap, set, flags);
  await storeFlags(imap, set, labels, { useLabels: true });
  return present;
}

/** The emails of these UIDs, each once: unsolicited responses may follow (RFC 9051 section 7.5.2). */
function onceEach(emails: readonly FetchMessageObject[], uids: readonly number[]): FetchMessageObject[] {
  const left = new Set(uids);
  return emails.filter(({ uid }) => left.delete(uid));
}

/**
 * The marks of an email before the change. `openSince`: the last known change before a STORE that may have been executed;
 * an email with a later change (MODSEQ, RFC 7162) was changed by it.
 */
function marksBefore(
  email: FetchMessageObject,
  { add, remove }: FlagChange,
  openSince: bigint | undefined,
): ReadonlySet<string> {
  const marks = marksOf(email);
  if (openSince === undefined || (email.modseq ?? 0n) <= openSince) return marks;
  const lower = (names: readonly string[]) => new Set(names.map((name) => name.toLowerCase()));
  return marks.difference(lower(add)).union(lower(remove));
}

/**
 * Splits keywords into those that are flags and those that are labels: at Gmail a word without `$` is a label, which
 * its pages show, and not a keyword, which they do not.
 */
function splitChange(imap: ImapFlow, add: string[], remove: string[]): FlagChange {
  const isLabel = (name: string) => imap.capabilities.has("X-GM-EXT-1") && /^[^\\$]/.test(name);
  const isFlag = (name: string) => !isLabel(name);
  return {
    ...{ add, remove },
    flags: { add: add.filter(isFlag), remove: remove.filter(isFlag) },
    labels: { add: add.filter(isLabel), remove: remove.filter(isLabel) },
  };
}

/** Flags and labels of an email in lower case. */
const marksOf = (email: FetchMessageObject): Set<string> =>
  new Set([...lowerCaseFlags(email), ...(toLabels(email) ?? []).map((label) => label.toLowerCase())]);

async function storeFlags(
  imap: ImapFlow,
  uidSet: string,
  { add, remove }: { add: string[]; remove: string[] },
  { useLabels = false } = {},
): Promise<void> {
  const options = { uid: true, silent: true, useLabels };
  if (add.length > 0) requireDone(await imap.messageFlagsAdd(uidSet, add, options), "set flags");
  if (remove.length > 0) requireDone(await imap.messageFlagsRemove(uidSet, remove, options), "remove flags");
}

/**
 * Refuses a flag that the mailbox would drop without a word (PERMANENTFLAGS, RFC 9051 section 7.1).
 * Throws not_supported.
 */
function requireStorable(imap: ImapFlow, flags: readonly string[]): void {
  const permanent = requireSelected(imap).permanentFlags;
  if (!permanent || permanent.has("\\*")) return;
  const known = new Set([...permanent].map((flag) => flag.toLowerCase()));
  const refused = flags.find((flag) => !known.has(flag.toLowerCase()));
  if (refused) throw new AppError("not_supported", `This mailbox does not keep ${refused}.`);
}
