/** A disk that takes nothing more is foreseen: the operator can free it. */
import { SQLiteError } from "bun:sqlite";
import { AppError } from "../errors.ts";

/** No room, or a disk that fails (SQLite result codes FULL, IOERR, READONLY). */
const codes = /^SQLITE_(FULL|IOERR|READONLY)/;

/** storage_full where the database could not write; anything else as it is. */
export function toStorageError(error: unknown): unknown {
  const failure = findSqliteError(error);
  if (!failure || !codes.test(failure.code ?? "")) return error;
  return new AppError("storage_full", "The server could not save this.", {
    cause: error,
    retryAfterSeconds: 60,
  });
}

/** Drizzle wraps what SQLite threw. */
function findSqliteError(error: unknown): SQLiteError | undefined {
  if (error instanceof SQLiteError) return error;
  return error instanceof Error && error.cause !== undefined ? findSqliteError(error.cause) : undefined;
}
