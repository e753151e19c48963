/** Undoing an operation from the person's own page, as the tool undo does. */
import type { Vault } from "../accounts/vault.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Change } from "../mail/mail-account.ts";

type UndoLog = {
  take(id: string): Promise<{ id: string; accountId: string; changes: Change[] }>;
  putBack(id: string, changes: Change[]): Promise<void>;
};

type UndoDeps = {
  vault: Pick<Vault, "withAccounts">;
  run<T>(grantId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

/** Resolves with false where something could not be put back. Throws operation_unknown and the errors of the mail server. */
export async function undoOperation(
  { vault, run }: UndoDeps,
  grant: LiveGrant,
  undoLog: UndoLog,
  operationId: string,
): Promise<boolean> {
  const operation = await undoLog.take(operationId);
  try {
    return await run(grant.id, (signal) =>
      vault.withAccounts(grant, signal, async (accounts) => {
        const account = accounts.find(({ accountId }) => accountId === operation.accountId);
        if (!account) throw new AppError("account_unknown", "That account is not connected any more.");
        const result = await account.undo(operation.changes);
        if (result.changes.length > 0) await undoLog.putBack(operation.id, result.changes);
        return result.outcomes.every(({ done }) => done);
      }),
    );
  } catch (error) {
    // Nothing was undone, so the operation can be tried again.
    await undoLog.putBack(operation.id, operation.changes);
    throw error;
  }
}
