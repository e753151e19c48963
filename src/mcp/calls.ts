/**
 * The running tool calls. A call ends at its deadline at the latest, and earlier when its caller goes away or cancels
 * it, its grant ends, or the process stops.
 */
import { closingOn, raceAbort } from "../abort.ts";
import { AppError } from "../errors.ts";

export type Calls = ReturnType<typeof createCalls>;

export type Call = {
  grantId: string;
  /** Identifies the call for `cancel`; undefined when it cannot be cancelled. */
  cancelKey: string | undefined;
  /** Aborted when the caller goes away. */
  callerSignal: AbortSignal;
  /** Hint for the model when a writing call was stopped with an unknown outcome. */
  hintWhenStopped: string | undefined;
};

type RunningCall = {
  call: Call;
  /** Aborted when the call has to end. */
  signal: AbortSignal;
  /** Aborted `stopGraceMs` after that: the call ends without its work. */
  abandoned: AbortSignal;
  stop(reason: AppError): void;
  /** Registers a clean-up for the end of the call; runs it at once when the call has ended already. */
  onEnd(cleanUp: () => void): void;
  end(): void;
};

/**
 * Time for a stopped call to report how it ended, for example that an email may have been sent. Work that ignores its
 * signal is abandoned after that.
 */
const stopGraceMs = 500;

/** `deadlineMs`: maximum duration of a call, after which it is answered with timed_out. */
export function createCalls({ deadlineMs = 45_000 }: { deadlineMs?: number } = {}) {
  const running = new Set<RunningCall>();
  let closing = false;
  let onIdle: (() => void) | undefined;

  function stopWhere(matches: (call: Call) => boolean, toReason: (call: Call) => AppError): void {
    for (const { call, stop } of [...running]) if (matches(call)) stop(toReason(call));
  }

  /** Resolves when no call runs, or after `ms`. */
  async function waitForIdle(ms: number): Promise<void> {
    if (running.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    onIdle = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }

  /** Throws shutting_down when the process is stopping. */
  function requireOpen(): void {
    if (closing) throw new AppError("shutting_down", "The server is restarting.", { retryAfterSeconds: 5 });
  }

  return {
    deadlineMs,
    requireOpen,

    /**
     * Runs `work` under a signal. The call ends at the deadline even when `work` ignores the signal; clean-ups passed
     * to `onEnd` run at the end of the call.
     * Throws the AppError of `work`, or timed_out, cancelled, permission_missing, shutting_down when it was stopped.
     */
    async run<T>(
      call: Call,
      work: (signal: AbortSignal, onEnd: (cleanUp: () => void) => void) => Promise<T>,
    ): Promise<T> {
      requireOpen();
      const current = startCall(call, deadlineMs);
      running.add(current);
      try {
        return await raceAbort(current.abandoned, work(current.signal, current.onEnd));
      } catch (error) {
        // A library whose connection was closed throws arbitrary errors; the abort reason is the cause.
        throw current.signal.aborted && !(error instanceof AppError) ? current.signal.reason : error;
      } finally {
        current.end();
        running.delete(current);
        if (running.size === 0) onIdle?.();
      }
    },

    /** Stops the calls with this key. Returns false when none runs here. */
    cancel(cancelKey: string): boolean {
      const isHere = [...running].some(({ call }) => call.cancelKey === cancelKey);
      stopWhere((call) => call.cancelKey === cancelKey, toCancelled);
      return isHere;
    },

    /** Stops the calls of a grant that has ended. */
    closeGrant(grantId: string): void {
      const hint = "Connect the mailbox again.";
      stopWhere(
        (call) => call.grantId === grantId,
        () => new AppError("permission_missing", "This connection was ended.", { hint }),
      );
    },

    /** Refuses new calls; resolves once running calls have ended, or were stopped after `graceMs`. */
    async close(graceMs: number): Promise<void> {
      closing = true;
      await waitForIdle(graceMs);
      stopWhere(
        () => true,
        ({ hintWhenStopped: hint }) => new AppError("shutting_down", "The server is restarting.", { hint }),
      );
      await waitForIdle(2 * stopGraceMs);
    },

    count: () => running.size,
  };
}

/** Starts the deadline of a call and listens to its caller. */
function startCall(call: Call, deadlineMs: number): RunningCall {
  const controller = new AbortController();
  const abandoning = new AbortController();
  const cleanUps: (() => void)[] = [];
  let ended = false;
  let grace: ReturnType<typeof setTimeout> | undefined;

  function stop(reason: AppError): void {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    grace = setTimeout(() => abandoning.abort(reason), stopGraceMs);
  }
  const deadline = setTimeout(() => stop(toTimedOut(call, deadlineMs)), deadlineMs);
  const callerGone = closingOn(call.callerSignal, () => stop(toCancelled()));

  return {
    call,
    signal: controller.signal,
    abandoned: abandoning.signal,
    stop,
    onEnd(cleanUp) {
      if (ended) cleanUp();
      else cleanUps.push(cleanUp);
    },
    end() {
      ended = true;
      clearTimeout(deadline);
      clearTimeout(grace);
      callerGone[Symbol.dispose]();
      for (const cleanUp of cleanUps) cleanUp();
    },
  };
}

function toCancelled(): AppError {
  return new AppError("cancelled", "The call was cancelled.");
}

function toTimedOut({ hintWhenStopped: hint }: Call, deadlineMs: number): AppError {
  return new AppError("timed_out", `This took longer than ${Math.round(deadlineMs / 1000)} seconds.`, {
    hint,
  });
}
