/** Ends work with a signal: why the signal fired, work that does not outlast it, resources that close with it. */
import { AppError } from "./errors.ts";

/** Converts a signal's reason to an AppError: its own, timed_out for a deadline, else cancelled. */
export function toAbortError(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason;
  if (reason instanceof AppError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError")
    return new AppError("timed_out", "The mail server did not answer in time.");
  return new AppError("cancelled", "The call was cancelled.");
}

/** Combines a signal with a deadline `ms` milliseconds from now. */
export function withDeadline(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

/**
 * Calls `close` once when the signal fires, at once if it has fired already, until disposed:
 * `using _closing = closingOn(signal, () => connection.close());`
 */
export function closingOn(signal: AbortSignal, close: () => void): Disposable {
  const onAbort = () => close();
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", onAbort) };
}

/** Settles with `work`, or rejects with the signal's reason as an AppError as soon as it fires. */
export async function raceAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  // `work` may settle first.
  aborted.catch(() => {});
  using _closing = closingOn(signal, () => reject(toAbortError(signal)));
  return await Promise.race([work, aborted]);
}
