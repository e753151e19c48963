/** The answer of a call over several emails: the same shape and words for every organizing tool. */
import { z } from "zod";
import type { MailAccount, OrganizeResult } from "../mail/mail-account.ts";
import type { UndoLog } from "./context.ts";

/** An id that is not in `not_done` is done. */
export const outcomes = z.object({
  done: z.int(),
  not_done: z.array(z.object({ id: z.string(), problem: z.string() })),
  /** In the order of the requested ids; null where an email has no new id. Half the size of pairs of ids. */
  new_ids: z.array(z.string().nullable()).optional(),
  operation_id: z.string().optional(),
  notes: z.array(z.string()),
});

export type Outcomes = z.output<typeof outcomes>;

export function toOutcomes(result: OrganizeResult, operationId?: string): Outcomes {
  const newIds = result.outcomes.map(({ newId }) => newId ?? null);
  return {
    done: result.outcomes.filter(({ done }) => done).length,
    not_done: result.outcomes.flatMap(({ id, done, problem }) =>
      done ? [] : [{ id, problem: problem ?? "Not done." }],
    ),
    new_ids: newIds.some((id) => id !== null) ? newIds : undefined,
    operation_id: operationId,
    notes: result.notes,
  };
}

/** Number of emails whose original stays in its mailbox, marked as deleted: what a server without UIDPLUS can do. */
export const countMarked = ({ outcomes }: OrganizeResult): number =>
  outcomes.filter(({ done, marked }) => done && marked).length;

/** Records the changes of `tool` in the undo log; returns the outcome of each email. */
export function recordOutcomes(
  undoLog: UndoLog,
  account: MailAccount,
  tool: string,
  result: OrganizeResult,
): Outcomes {
  // Without a new id (COPYUID, RFC 4315) a moved email cannot be found again.
  const changes = result.changes.filter(({ id }) => id !== undefined);
  const lost = result.changes.length - changes.length;
  const lostNote =
    lost === 0
      ? []
      : [`The mail server did not say where ${lost} of them went: undo does not bring these back.`];
  const { id, problem } = undoLog.record({ accountId: account.accountId, tool, changes });
  const outcome = toOutcomes(result, id);
  return { ...outcome, notes: [...outcome.notes, ...lostNote, ...(problem ? [problem] : [])] };
}

/** `verb`: the change in the past tense, for example "marked as read". */
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
