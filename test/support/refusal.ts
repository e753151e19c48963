/** What goes wrong on purpose, taken by its error. */
import type { AppError } from "../../src/errors.ts";

/** What `work` fails with; fails itself when it does not. */
export async function refusal(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => {
      throw new Error("it was not refused");
    },
    (error) => error,
  );
}
