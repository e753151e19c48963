/** The end of a call: why its signal fired, and work that does not outlast it. */
import { AppError } from "./errors.ts";

/** Why a signal fired, in our words. */
export function toReason(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason;
  if (reason instanceof AppError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError")
    return new AppError("timed_out", "The mail server did not answer in time.");
  return new AppError("cancelled", "The call was cancelled.");
}

/** Settles with `work`, or rejects with the signal's reason as soon as it fires. */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(toReason(signal));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
