/** Failures of the disk under the database. They are expected errors, since the operator can free space. */
import { AppError } from "./errors.ts";

/** SQLite result codes for a full or failing disk. */
const storageCodes = /^SQLITE_(FULL|IOERR|READONLY)/;

/** Converts a failed write of the database to an AppError storage_full; returns any other error unchanged. */
export function toStorageError(error: unknown): unknown {
  const failure = findSqliteError(error);
  const code = failure && "code" in failure ? String(failure.code) : "";
  if (!storageCodes.test(code)) return error;
  return new AppError("storage_full", "The server could not save this.", {
    cause: failure,
    retryAfterSeconds: 60,
  });
}

/** Runs a write that the caller can do without, such as a time of last use, and ignores a full or failing disk. */
export async function ignoreStorageErrors(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (toStorageError(error) === error) throw error;
  }
}

/** Finds the error of SQLite among the causes. Drizzle wraps it in an error that quotes the values of the query. */
function findSqliteError(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.name === "SQLiteError" ? error : findSqliteError(error.cause);
}
