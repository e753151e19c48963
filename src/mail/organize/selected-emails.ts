/** Changing the emails of a selection, part after part, with a selection of what is left. */

import { toEmailId } from "../../email/email-id.ts";
import { AppError, LostWriteError } from "../../errors.ts";
import { atom } from "../../imap/raw-search.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import type { Access } from "../access.ts";
import type { Selection } from "../reading.ts";
import { findUidsOf } from "../search/find-matches.ts";
import { type MatchedMailbox, toSelection, toSetHash } from "../search/selection.ts";
import type { OrganizeResult, SelectedEmails } from "../writing.ts";
import {
  changeGroup,
  type Done,
  type EmailGroup,
  nothingDone,
  splitGroup,
  type ToChange,
  toOrganizeResult,
} from "./email-groups.ts";

/** Time after which no further part is begun, in milliseconds: well within the deadline of a call. */
const patienceMs = 25_000;

/**
 * Changes the emails of a selection, at most `most`, and stops at the first failure. `rest`: what is left. `erases`:
 * true for a mailbox whose emails the change erases. Throws email_moved, selection_changed and email_not_found before
 * anything is done, and the first failure when nothing was done.
 */
export async function changeSelected(
  access: Access,
  { selection, most, onProgress }: SelectedEmails,
  toChange: ToChange,
  erases: (mailbox: string) => boolean = () => false,
): Promise<OrganizeResult> {
  const found = await findSelected(access, selection);
  requireUnchanged(selection, found, erases);
  const total = found.reduce((sum, { uids }) => sum + uids.length, 0);
  if (total === 0)
    throw new AppError("email_not_found", "None of the emails of this selection matches any more.");
  const groups = toGroups(access, found, most);
  const all = nothingDone();
  const late = AbortSignal.timeout(patienceMs);
  const planned = groups.reduce((sum, { ids }) => sum + ids.size, 0);
  const attempted: string[] = [];
  let failure: AppError | undefined;
  for (const group of groups) {
    if (late.aborted && attempted.length > 0) break;
    failure = await attempt(access, group, toChange, all);
    if (failure) break;
    attempted.push(...group.ids.values());
    onProgress(attempted.length, planned);
  }
  if (failure && all.done.size === 0) throw failure;
  const finished = new Set([...attempted, ...all.done.keys()]);
  const rest = toRest(access, found, finished);
  const result = toOrganizeResult([...finished], all);
  const notes = [
    ...toMismatch(selection, found, total),
    ...result.notes,
    ...(failure ? [toStopped(failure)] : rest && attempted.length < planned ? [stoppedForTime] : []),
  ];
  return { ...result, notes, rest };
}

/** The ids of the emails of a selection, in the order in which they are changed, `most` at most. */
export async function listSelected(access: Access, selection: Selection, most: number): Promise<string[]> {
  const found = await findSelected(access, selection);
  return toGroups(access, found, most).flatMap(({ ids }) => [...ids.values()]);
}

const stoppedForTime = "It stopped there, for time.";

function toStopped(failure: AppError): string {
  return failure instanceof LostWriteError
    ? `It stopped there: ${failure.message} A few of the emails that are left may have been changed already.`
    : `It stopped there: ${failure.message}`;
}

/** Changes one group. Returns its failure. */
async function attempt(
  access: Access,
  group: EmailGroup,
  toChange: ToChange,
  all: Done,
): Promise<AppError | undefined> {
  try {
    await changeGroup(access, group, toChange(group, all));
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Searches the mailboxes of a selection for what still matches. Throws email_moved. */
async function findSelected(access: Access, { parts }: Selection): Promise<MatchedMailbox[]> {
  const found: MatchedMailbox[] = [];
  for (const { query, mailboxes } of parts)
    for (const { path, uidValidity: validity, nextUid, highestUid } of mailboxes)
      found.push(
        await access.read(path, async (imap, cache) => {
          if (String(requireSelected(imap).uidValidity) !== validity)
            throw new AppError(
              "email_moved",
              "The mail server renumbered a mailbox since the selection was made.",
            );
          const within = [atom("UID"), { type: "SEQUENCE" as const, value: `${nextUid}:${highestUid}` }];
          const uids = await readFresh(imap, () => findUidsOf({ imap, cache }, query, within));
          return { path, validity, query, uids: [...uids].sort((a, b) => a - b) };
        }),
      );
  return found;
}

/**
 * Throws selection_changed where emails would be erased that were not in the selection when it was made, and where more
 * match now: these were not in it.
 */
function requireUnchanged(
  selection: Selection,
  found: readonly MatchedMailbox[],
  erases: (mailbox: string) => boolean,
): void {
  const total = found.reduce((sum, { uids }) => sum + uids.length, 0);
  const isErased = found.some(({ path }) => erases(path));
  if (isErased ? toSetHash(found) === selection.hash : total <= selection.count) return;
  throw new AppError("selection_changed", "Other emails match now than when the selection was made.", {
    hint: isErased
      ? "Nothing was erased. Search again, and show the person what would be erased."
      : "Nothing was changed. Search again.",
  });
}

function toGroups(access: Access, found: readonly MatchedMailbox[], most: number): EmailGroup[] {
  let left = most;
  return found.flatMap(({ path, validity, uids }) => {
    const taken = uids.slice(0, left);
    left -= taken.length;
    const place = { accountTag: access.accountTag, mailbox: path, uidValidity: BigInt(validity) };
    const ids = new Map(taken.map((uid) => [uid, toEmailId({ ...place, uid })]));
    return ids.size === 0 ? [] : splitGroup({ ...place, ids, isPresent: true });
  });
}

/** A selection of the emails that were not attempted; undefined when none is left. */
function toRest(
  access: Access,
  found: readonly MatchedMailbox[],
  finished: ReadonlySet<string>,
): Selection | undefined {
  const left = found.map((one) => {
    const place = { accountTag: access.accountTag, mailbox: one.path, uidValidity: BigInt(one.validity) };
    return { ...one, uids: one.uids.filter((uid) => !finished.has(toEmailId({ ...place, uid }))) };
  });
  return toSelection(access.accountTag, left);
}

/** Says that fewer or other emails match than when the selection was made. */
function toMismatch({ count, hash }: Selection, found: readonly MatchedMailbox[], total: number): string[] {
  if (total < count)
    return [`${count - total} of the ${count} selected emails no longer match and were skipped.`];
  return toSetHash(found) === hash ? [] : ["Some other emails match now than when the selection was made."];
}
