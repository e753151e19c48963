/** Undoing the changes of an earlier call. */
import { AppError, quoted } from "../../errors.ts";
import type { Access } from "../access.ts";
import type { Change, MailWriting, OrganizeResult, Outcome } from "../writing.ts";

/** Failures that no second try can mend: the email or its mailbox is gone. */
const finalCodes = ["email_not_found", "email_moved", "mailbox_not_found"];

/**
 * Reverts each change. Outcomes stand in the order of `changes`; the result's `changes` are those worth another try.
 */
export async function undoChanges(
  verbs: { access: Access } & Pick<MailWriting, "changeFlags" | "moveEmails">,
  changes: readonly Change[],
): Promise<OrganizeResult> {
  const outcomes = new Map<Change, Outcome>();
  const notes: string[] = [];
  const retriable: Change[] = [];
  for (const change of changes)
    if (change.id === undefined)
      outcomes.set(change, { id: "", done: false, problem: "The mail server did not say where it went." });
  for (const batch of toBatches(verbs.access, changes)) {
    try {
      const result = await revert(verbs, batch);
      notes.push(...result.notes, ...toCopyNotes(batch));
      const byId = new Map(result.outcomes.map((outcome) => [outcome.id, outcome]));
      for (const change of batch) {
        const outcome = byId.get(change.id ?? "");
        if (outcome) outcomes.set(change, outcome);
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (!finalCodes.includes(error.code)) retriable.push(...batch);
      for (const change of batch)
        outcomes.set(change, { id: change.id ?? "", done: false, problem: error.message });
    }
  }
  return {
    outcomes: changes.flatMap((change) => outcomes.get(change) ?? []),
    changes: retriable,
    notes: [...new Set(notes)],
  };
}

/** A sentence for copies that undoing leaves behind: without UIDPLUS they cannot be erased by themselves. */
function toCopyNotes(batch: readonly Change[]): string[] {
  const mailboxes = new Set(
    batch.flatMap((change) => (change.kind === "flags" && change.copiedTo ? [change.copiedTo] : [])),
  );
  return [...mailboxes].map((mailbox) => `The copies in ${quoted(mailbox)} stay there.`);
}

/** Changes that one command reverts, of one mailbox each: a failure in one mailbox can then be retried by itself. */
function toBatches(access: Access, changes: readonly Change[]): Change[][] {
  const keyOf = (change: Change, id: string) => {
    const { mailbox } = access.toRef(id);
    return JSON.stringify(
      change.kind === "moved"
        ? ["moved", mailbox, change.from]
        : ["flags", mailbox, change.added, change.removed, change.copiedTo],
    );
  };
  const known = changes.flatMap((change) =>
    change.id === undefined ? [] : [{ change, key: keyOf(change, change.id) }],
  );
  const batches = Map.groupBy(known, ({ key }) => key);
  return [...batches.values()].map((batch) => batch.map(({ change }) => change));
}

async function revert(
  { changeFlags, moveEmails }: Pick<MailWriting, "changeFlags" | "moveEmails">,
  batch: readonly Change[],
): Promise<OrganizeResult> {
  const [first] = batch;
  const ids = batch.flatMap((change) => change.id ?? []);
  if (first?.kind === "flags") return changeFlags(ids, { add: first.removed, remove: first.added });
  return moveEmails(ids, first?.from ?? "");
}
