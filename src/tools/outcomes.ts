/** What a call over many emails answers: the same shape and the same words for every organising tool. */
import { z } from "zod";
import type { MailAccount, OrganizeResult } from "../mail/mail-account.ts";
import type { UndoLog } from "./context.ts";

/** Ids that are not in `not_done` are done. */
export const outcomes = z.object({
  done: z.int(),
  not_done: z.array(z.object({ id: z.string(), problem: z.string() })),
  /** In the order of the ids asked for; null where there is none. Half the size of pairs, for 500 emails. */
  new_ids: z.array(z.string().nullable()).optional(),
  operation_id: z.string().optional(),
  notes: z.array(z.string()),
});

export type Outcomes = z.output<typeof outcomes>;

export function toOutcomes(organised: OrganizeResult, operationId?: string): Outcomes {
  const done = organised.outcomes.filter((outcome) => outcome.done);
  const newIds = organised.outcomes.map(({ newId }) => newId ?? null);
  return {
    done: done.length,
    not_done: organised.outcomes.flatMap(({ id, done: isDone, problem }) =>
      isDone ? [] : [{ id, problem: problem ?? "Not done." }],
    ),
    ...(newIds.some((id) => id !== null) ? { new_ids: newIds } : {}),
    ...(operationId === undefined ? {} : { operation_id: operationId }),
    notes: organised.notes,
  };
}

/** Records the changes of `tool` in the undo log; returns the outcome of each email. */
export function recordOutcomes(
  undoLog: UndoLog,
  account: MailAccount,
  tool: string,
  organised: OrganizeResult,
): Outcomes {
  const { id, problem } = undoLog.record({ accountId: account.accountId, tool, changes: organised.changes });
  const outcome = toOutcomes(organised, id);
  return problem ? { ...outcome, notes: [...outcome.notes, problem] } : outcome;
}

/** `verb`: what was done, e.g. "marked as read". */
export function showOutcomes(outcome: Outcomes, verb: string): string {
  const { done, not_done, new_ids, operation_id, notes } = outcome;
  return [
    `${done} of ${done + not_done.length} ${done + not_done.length === 1 ? "email" : "emails"} ${verb}.`,
    ...(not_done.length > 0 ? ["Not done:", ...not_done.map(({ id, problem }) => `  ${id} ${problem}`)] : []),
    ...(new_ids ? [newIdsHeading(new_ids.length), ...new_ids.map((id) => `  ${id ?? "-"}`)] : []),
    ...notes,
    ...(operation_id ? [`To put it back within 24 hours: undo with operation_id ${operation_id}.`] : []),
  ].join("\n");
}

const newIdsHeading = (count: number) =>
  count === 1 ? "New id:" : "New ids, in the order of the old ones, - where there is none:";

export const auditOutcomes = ({ done, not_done }: Outcomes) => ({ count: done, failed: not_done.length });
