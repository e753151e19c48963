/** Failures of the disk under the database. They are expected errors, since the operator can free space. */
import { AppError } from "./errors.ts";

/** SQLite result codes for a full or failing disk. */
const storageCodes = /^SQLITE_(FULL|IOERR|READONLY)/;

/** SQLSTATE of Postgres (appendix A): a full disk, and a server that goes, starts or has no connection left. */
const postgresFull = /^53100$/;
const postgresGone = /^(57P0[123]|08...|53300)$/;

/** Codes of Bun's client for a connection that was lost, or could not be made. */
const clientGone = /^ERR_POSTGRES_(CONNECTION_|IDLE_TIMEOUT|LIFETIME_TIMEOUT)/;

/** The connection was lost in COMMIT: the write may have been saved or not. */
export class CommitUnknownError extends Error {
  constructor(options: { cause: unknown }) {
    super("The connection to the database was lost in COMMIT.", options);
    this.name = "CommitUnknownError";
  }
}

/** True for the failure of a database that cannot be reached now. */
export function isConnectionLost(error: unknown): boolean {
  const failure = findDatabaseError(error);
  if (failure?.name !== "PostgresError") return false;
  return clientGone.test(codeOf(failure, "code")) || postgresGone.test(codeOf(failure, "errno"));
}

/**
 * Converts the failure of a full disk to an AppError storage_full, and that of a database out of reach to
 * storage_unavailable; returns any other error unchanged.
 */
export function toStorageError(error: unknown): unknown {
  const failure = findDatabaseError(error);
  if (!failure) return error;
  if (error instanceof CommitUnknownError)
    return new AppError(
      "storage_unavailable",
      "The server lost its database while saving this: it may have been saved or not.",
      { cause: failure, hint: "Look whether it was done before you repeat it.", retryAfterSeconds: 10 },
    );
  if (isConnectionLost(error))
    return new AppError("storage_unavailable", "The server could not reach its database.", {
      cause: failure,
      retryAfterSeconds: 10,
    });
  if (!storageCodes.test(codeOf(failure, "code")) && !postgresFull.test(codeOf(failure, "errno")))
    return error;
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

const codeOf = (failure: Error, field: "code" | "errno") => String(Reflect.get(failure, field) ?? "");

/** Finds the engine's error among the causes. Drizzle wraps it in an error that quotes the values of the query. */
function findDatabaseError(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const isOfEngine = error.name === "SQLiteError" || error.name === "PostgresError";
  return isOfEngine ? error : findDatabaseError(error.cause);
}
