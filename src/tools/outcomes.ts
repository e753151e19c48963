/** The answer of a call over several emails: the same shape and words for every organizing tool. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { EmailSet, MailAccount, OrganizeResult } from "../mail/mail-account.ts";
import type { ToolContext } from "./context.ts";

/** Emails of a selection that one call changes. */
const maxSelected = 5_000;
/** Emails beyond which an answer names no new ids, and not each email that was not changed. */
const maxNamed = 500;
const maxNamedProblems = 20;

/** Of the emails named by ids, one that is not in `not_done` is done. */
export const outcomes = z.object({
  done: z.int(),
  not_done: z.array(z.object({ id: z.string(), problem: z.string() })),
  /** In the order of the requested ids; null where an email has no new id. Half the size of pairs of ids. */
  new_ids: z.array(z.string().nullable()).optional(),
  operation_id: z.string().optional(),
  /** The emails of the selection that are left, and their number. */
  selection: z.string().optional(),
  left: z.int().optional(),
  notes: z.array(z.string()),
});

export type Outcomes = z.output<typeof outcomes>;

type ParsedSet = { ids?: string[] | undefined; selection?: string | undefined };

/** The emails that a call names and their account. Throws invalid_input, selection_expired, account_unknown. */
export function toEmailSet(
  { ids, selection: sealed }: ParsedSet,
  { accountFor, selections, progress }: Pick<ToolContext, "accountFor" | "selections" | "progress">,
): { account: MailAccount; emails: EmailSet } {
  if ((ids === undefined) === (sealed === undefined))
    throw new AppError("invalid_input", "Give either `ids` or `selection`.");
  if (sealed === undefined) return { account: accountFor({ ids }), emails: ids ?? [] };
  const selection = selections.open(sealed);
  const onProgress = (done: number, total: number) => progress(done, total, `${done} of ${total} emails`);
  return { account: accountFor({ selection }), emails: { selection, most: maxSelected, onProgress } };
}

export function toOutcomes(result: OrganizeResult, operationId?: string): Outcomes {
  const newIds = result.outcomes.map(({ newId }) => newId ?? null);
  const problems = result.outcomes.flatMap(({ id, done, problem }) =>
    done ? [] : [{ id, problem: problem ?? "Not done." }],
  );
  const isLong = result.outcomes.length > maxNamed || result.rest !== undefined;
  const unnamed = isLong ? problems.slice(maxNamedProblems) : [];
  return {
    done: result.outcomes.filter(({ done }) => done).length,
    not_done: isLong ? problems.slice(0, maxNamedProblems) : problems,
    new_ids: !isLong && newIds.some((id) => id !== null) ? newIds : undefined,
    operation_id: operationId,
    notes: [...result.notes, ...(unnamed.length > 0 ? [`${unnamed.length} more were not done.`] : [])],
  };
}

/** Number of emails whose original stays in its mailbox, marked as deleted: what a server without UIDPLUS can do. */
export const countMarked = ({ outcomes }: OrganizeResult): number =>
  outcomes.filter(({ done, marked }) => done && marked).length;

/**
 * Records the changes of `tool` in the undo log; returns the outcomes. `emails`: what the call named. `erased`: number of
 * emails that were erased for good.
 */
export async function recordOutcomes(
  { undoLog, selections }: Pick<ToolContext, "undoLog" | "selections">,
  { account, emails }: { account: MailAccount; emails: EmailSet },
  tool: string,
  result: OrganizeResult,
  erased = 0,
): Promise<Outcomes> {
  // Without a new id (COPYUID, RFC 4315) a moved email cannot be found again.
  const changes = result.changes.filter(({ id }) => id !== undefined);
  const lost = result.changes.length - changes.length;
  const lostNote =
    lost === 0
      ? []
      : [`The mail server did not say where ${lost} of them went: undo does not bring these back.`];
  const { id, problem } = await undoLog.record({ accountId: account.accountId, tool, changes, erased });
  const outcome = toOutcomes(result, id);
  const { rest } = result;
  return {
    ...outcome,
    // Emails of a selection need no new ids: they are searched for again.
    new_ids: "selection" in emails ? undefined : outcome.new_ids,
    selection: rest && selections.seal(rest),
    left: rest?.count,
    notes: [...outcome.notes, ...lostNote, ...(problem ? [problem] : [])],
  };
}

/** `verb`: the change in the past tense, for example "marked as read". */
export function showOutcomes(outcome: Outcomes, verb: string): string {
  const { done, not_done, new_ids, operation_id, selection, left, notes } = outcome;
  return [
    `${done} of ${done + not_done.length} ${done + not_done.length === 1 ? "email" : "emails"} ${verb}.`,
    ...(not_done.length > 0 ? ["Not done:", ...not_done.map(({ id, problem }) => `  ${id} ${problem}`)] : []),
    ...(new_ids ? [newIdsHeading(new_ids.length), ...new_ids.map((id) => `  ${id ?? "-"}`)] : []),
    ...notes,
    ...(selection ? [`${left} of the selection are left: go on with selection "${selection}".`] : []),
    ...(operation_id ? [`To put it back within 24 hours: undo with operation_id ${operation_id}.`] : []),
  ].join("\n");
}

const newIdsHeading = (count: number) =>
  count === 1 ? "New id:" : "New ids, in the order of the old ones, - where there is none:";

export const auditOutcomes = ({ done, not_done }: Outcomes) => ({ count: done, failed: not_done.length });
