/**
 * The tool calls that are running: each has a deadline and a signal, and ends when its caller goes away, cancels it,
 * loses the grant, or the process stops.
 */
import { AppError } from "../errors.ts";

export type Calls = ReturnType<typeof createCalls>;

type Running = { grantId: string; name: string | undefined; stop(reason: AppError): void };

const cancelled = () => new AppError("cancelled", "The call was cancelled.");

/** `deadlineMs`: how long a call may take before it is answered with timed_out. */
export function createCalls({ deadlineMs = 45_000 }: { deadlineMs?: number } = {}) {
  const running = new Set<Running>();
  let stopping = false;
  let onIdle: (() => void) | undefined;

  return {
    deadlineMs,

    /** Throws shutting_down once the process is stopping: no new call is taken. */
    requireOpen(): void {
      if (stopping)
        throw new AppError("shutting_down", "The server is restarting.", { retryAfterSeconds: 5 });
    },

    /**
     * Runs `work` under a signal and never longer than the deadline, also when `work` ignores the signal.
     * `name` is what `cancel` knows the call by. Throws timed_out, cancelled, or what `work` throws.
     */
    async run<T>(
      call: { grantId: string; name: string | undefined; callerSignal: AbortSignal },
      work: (signal: AbortSignal) => Promise<T>,
    ): Promise<T> {
      this.requireOpen();
      const controller = new AbortController();
      let give: (reason: AppError) => void = () => {};
      const ended = new Promise<never>((_, reject) => {
        give = reject;
      });
      ended.catch(() => {});
      const stop = (reason: AppError) => {
        controller.abort(reason);
        give(reason);
      };
      const entry: Running = { grantId: call.grantId, name: call.name, stop };
      const onGone = () => stop(cancelled());
      const timer = setTimeout(
        () =>
          stop(new AppError("timed_out", `This took longer than ${Math.round(deadlineMs / 1000)} seconds.`)),
        deadlineMs,
      );
      running.add(entry);
      call.callerSignal.addEventListener("abort", onGone);
      if (call.callerSignal.aborted) onGone();
      try {
        return await Promise.race([work(controller.signal), ended]);
      } catch (error) {
        // A library that is closed under its feet throws what it likes; the reason is what happened.
        throw controller.signal.aborted ? controller.signal.reason : error;
      } finally {
        clearTimeout(timer);
        call.callerSignal.removeEventListener("abort", onGone);
        running.delete(entry);
        if (running.size === 0) onIdle?.();
      }
    },

    /** Ends the calls known by this name. */
    cancel(name: string): void {
      for (const call of [...running]) if (call.name === name) call.stop(cancelled());
    },

    /** Ends what a grant is doing: its credentials are gone. */
    closeGrant(grantId: string): void {
      const reason = new AppError("permission_missing", "This connection was ended.", {
        hint: "Connect the mailbox again.",
      });
      for (const call of [...running]) if (call.grantId === grantId) call.stop(reason);
    },

    /** Takes no new call; resolves when the running ones have ended, or after `graceMs`, when they are ended. */
    async close(graceMs: number): Promise<void> {
      stopping = true;
      if (running.size === 0) return;
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([
        new Promise<void>((resolve) => {
          onIdle = resolve;
        }),
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, graceMs);
        }),
      ]);
      clearTimeout(timer);
      const reason = new AppError("shutting_down", "The server is restarting.");
      for (const call of [...running]) call.stop(reason);
    },

    count: () => running.size,
  };
}
