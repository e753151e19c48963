/** A disk that takes nothing more is foreseen: the operator can free it. */
import { AppError } from "./errors.ts";

/** No room, or a disk that fails (SQLite result codes FULL, IOERR, READONLY). */
const codes = /^SQLITE_(FULL|IOERR|READONLY)/;

/** storage_full where the database could not write; anything else as it is. */
export function toStorageError(error: unknown): unknown {
  const failure = findSqliteError(error);
  const code = failure && "code" in failure ? String(failure.code) : "";
  if (!codes.test(code)) return error;
  return new AppError("storage_full", "The server could not save this.", {
    cause: failure,
    retryAfterSeconds: 60,
  });
}

/** For a note beside the work, such as a time of last use: a full disk does not stop the work for it. */
export function noteWhereItCan(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (toStorageError(error) === error) throw error;
  }
}

/** What SQLite threw; drizzle wraps it in an error that quotes the values of the query. */
function findSqliteError(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.name === "SQLiteError" ? error : findSqliteError(error.cause);
}
