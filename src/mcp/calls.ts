/**
 * The tool calls that are running: each has a deadline and a signal, and ends when its caller goes away, cancels it,
 * loses the grant, or the process stops.
 */
import { AppError } from "../errors.ts";

export type Calls = ReturnType<typeof createCalls>;

export type Call = {
  grantId: string;
  /** What `cancel` knows the call by; undefined when nobody can. */
  name: string | undefined;
  callerSignal: AbortSignal;
  /** What to do next when the call was cut off and nobody knows how far it got; for calls that write. */
  hintWhenCutOff: string | undefined;
};

/**
 * What a cut-off call has left to say how it ended, e.g. that an email may have been sent. Work that does not listen
 * to its signal is answered for after that.
 */
const lastWordsMs = 500;

/** `deadlineMs`: how long a call may take before it is answered with timed_out. */
export function createCalls({ deadlineMs = 45_000 }: { deadlineMs?: number } = {}) {
  const running = new Set<{ call: Call; stop(reason: AppError): void }>();
  let stopping = false;
  let onIdle: (() => void) | undefined;

  function stopWhere(matches: (call: Call) => boolean, toReason: (call: Call) => AppError): void {
    for (const { call, stop } of [...running]) if (matches(call)) stop(toReason(call));
  }

  /** Resolves when nothing runs any more, at the latest after `ms`. */
  async function idleWithin(ms: number): Promise<void> {
    if (running.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    onIdle = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }

  return {
    deadlineMs,

    /** Throws shutting_down once the process is stopping: no new call is taken. */
    requireOpen(): void {
      if (stopping)
        throw new AppError("shutting_down", "The server is restarting.", { retryAfterSeconds: 5 });
    },

    /**
     * Runs `work` under a signal and hardly longer than the deadline, also when `work` ignores the signal. What `work`
     * hands to `whenOver` is done as soon as the call is over, also when the work goes on behind it.
     * Throws what `work` foresaw, else timed_out, cancelled, permission_missing or shutting_down when it was cut off.
     */
    async run<T>(
      call: Call,
      work: (signal: AbortSignal, whenOver: (cleanUp: () => void) => void) => Promise<T>,
    ): Promise<T> {
      this.requireOpen();
      const controller = new AbortController();
      const cutOff = Promise.withResolvers<never>();
      cutOff.promise.catch(() => {});
      let lastWords: ReturnType<typeof setTimeout> | undefined;
      const stop = (reason: AppError) => {
        if (controller.signal.aborted) return;
        controller.abort(reason);
        lastWords = setTimeout(() => cutOff.reject(reason), lastWordsMs);
      };
      const onGone = () => stop(new AppError("cancelled", "The call was cancelled."));
      const deadline = setTimeout(() => stop(toTimedOut(call, deadlineMs)), deadlineMs);
      const cleanUps: (() => void)[] = [];
      let over = false;
      const whenOver = (cleanUp: () => void) => {
        if (over) cleanUp();
        else cleanUps.push(cleanUp);
      };
      const entry = { call, stop };
      running.add(entry);
      call.callerSignal.addEventListener("abort", onGone);
      if (call.callerSignal.aborted) onGone();
      try {
        return await Promise.race([work(controller.signal, whenOver), cutOff.promise]);
      } catch (error) {
        // A library that is closed under its feet throws what it likes; the reason is what happened.
        throw controller.signal.aborted && !(error instanceof AppError) ? controller.signal.reason : error;
      } finally {
        over = true;
        clearTimeout(deadline);
        clearTimeout(lastWords);
        call.callerSignal.removeEventListener("abort", onGone);
        for (const cleanUp of cleanUps) cleanUp();
        running.delete(entry);
        if (running.size === 0) onIdle?.();
      }
    },

    /** Ends the calls known by this name. */
    cancel(name: string): void {
      stopWhere(
        (call) => call.name === name,
        () => new AppError("cancelled", "The call was cancelled."),
      );
    },

    /** Ends what a grant is doing: its credentials are gone. */
    closeGrant(grantId: string): void {
      const hint = "Connect the mailbox again.";
      stopWhere(
        (call) => call.grantId === grantId,
        () => new AppError("permission_missing", "This connection was ended.", { hint }),
      );
    },

    /** Takes no new call; resolves when the running ones have ended, or, after `graceMs`, were cut off. */
    async close(graceMs: number): Promise<void> {
      stopping = true;
      await idleWithin(graceMs);
      stopWhere(
        () => true,
        ({ hintWhenCutOff: hint }) =>
          new AppError("shutting_down", "The server is restarting.", hint === undefined ? {} : { hint }),
      );
      await idleWithin(2 * lastWordsMs);
    },

    count: () => running.size,
  };
}

function toTimedOut({ hintWhenCutOff: hint }: Call, deadlineMs: number): AppError {
  const message = `This took longer than ${Math.round(deadlineMs / 1000)} seconds.`;
  return new AppError("timed_out", message, hint === undefined ? {} : { hint });
}
