/** The error of an operation that is expected to fail. */
import type { AppError } from "../../src/errors.ts";

/** Returns the AppError that `work` rejects with. Throws when it resolves. */
export async function refusal(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => {
      throw new Error("it was not refused");
    },
    (error) => error,
  );
}
