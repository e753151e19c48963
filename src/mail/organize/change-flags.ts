/** Changing flags, keywords and Gmail's labels. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { lowerCaseFlags, toLabels } from "../../imap/fetched-values.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import type { Change } from "../writing.ts";
import { requireDone, type ToChange } from "./email-groups.ts";

/** Adds and removes flags and keywords; at Gmail, a word without `$` is a label. */
export function toFlagChange({ add, remove }: { add: string[]; remove: string[] }): ToChange {
  return (group, all) => {
    /** The flags before the first STORE: after a lost connection they may be those that it set. */
    const before = new Map<number, ReadonlySet<string>>();
    const run = async (imap: ImapFlow) => {
      const [addFlags, addLabels] = splitLabels(imap, add);
      const [removeFlags, removeLabels] = splitLabels(imap, remove);
      requireStorable(imap, addFlags);
      const range = toUidSet([...group.ids.keys()]);
      const labels = addLabels.length + removeLabels.length > 0;
      const query = { uid: true, flags: true, ...(labels && { labels }) };
      const found = await readFresh(imap, () => fetchByUid(imap, range, query));
      const present = found.filter((email) => group.ids.has(email.uid));
      for (const email of present) if (!before.has(email.uid)) before.set(email.uid, marksOf(email));
      const changes = present.flatMap(({ uid }): Change[] => {
        const had = before.get(uid) ?? new Set();
        const added = add.filter((flag) => !had.has(flag.toLowerCase()));
        const removed = remove.filter((flag) => had.has(flag.toLowerCase()));
        const id = group.ids.get(uid) ?? "";
        return added.length + removed.length > 0 ? [{ kind: "flags", id, added, removed }] : [];
      });
      if (changes.length > 0) {
        const set = toUidSet(present.map((email) => email.uid));
        await storeFlags(imap, set, { add: addFlags, remove: removeFlags });
        await storeFlags(imap, set, { add: addLabels, remove: removeLabels }, { useLabels: true });
      }
      all.changes.push(...changes);
      for (const email of present) all.done.set(group.ids.get(email.uid) ?? "", {});
    };
    // STORE has the same result when it is repeated.
    return { run, resume: run };
  };
}

/**
 * Splits keywords into those that are flags and those that are labels: at Gmail a word without `$` is a label, which
 * its pages show, and not a keyword, which they do not.
 */
function splitLabels(imap: ImapFlow, names: readonly string[]): [flags: string[], labels: string[]] {
  const isLabel = (name: string) => imap.capabilities.has("X-GM-EXT-1") && /^[^\\$]/.test(name);
  return [names.filter((name) => !isLabel(name)), names.filter(isLabel)];
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
