/**
 * Limits how many pieces of work run at once, and shares the places fairly between the keys that wait, such as the
 * addresses of callers: a key that queues a hundred pieces delays another key's piece by one turn, not by a hundred.
 */

import { closingOn } from "./abort.ts";

type GateOptions = {
  /** Maximum number of pieces running at once, over all keys. */
  maxRunning: number;
  /** Maximum number of pieces of one key running at once. Default: `maxRunning`. */
  maxRunningPerKey?: number;
  /**
   * Time a piece may run undisturbed. Afterwards its signal fires as soon as another piece waits for a place, the
   * longest running first. Default: no piece is ended.
   */
  guaranteedMs?: number;
};

export type Gate = {
  /** Number of pieces that run, and of those that wait. */
  counts(): { running: number; waiting: number };
  /**
   * Runs `work` once there is a place for it. `signal` ends the waiting at once, and is passed on to the work, which
   * holds its place until it settles. Rejects with the signal's reason, or with what `work` throws.
   */
  run<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

type Waiting = { key: string; start: () => void };

type Running = { key: string; state: "guaranteed" | "overdue" | "ending"; end: () => void };

/** The reason with which an overdue piece is ended. */
const displaced = "Work that waited took the place.";

export function createGate({ maxRunning, maxRunningPerKey = maxRunning, guaranteedMs }: GateOptions): Gate {
  const running = new Set<Running>();
  /** Keys in the order of their turns, each with its pieces in the order of their arrival. */
  const waiting = new Map<string, Waiting[]>();

  const countOf = (key: string) => [...running].filter((piece) => piece.key === key).length;
  const isBelowOwnLimit = (key: string) => countOf(key) < maxRunningPerKey;
  const isFree = (key: string) => running.size < maxRunning && isBelowOwnLimit(key);

  function setQueue(key: string, queue: Waiting[]): void {
    if (queue.length === 0) waiting.delete(key);
    else waiting.set(key, queue);
  }

  /** Starts one piece of each key that has a place. */
  function startNext(): void {
    for (const [key, [next, ...rest]] of [...waiting]) {
      if (!next || !isFree(key)) continue;
      // The key goes to the end of the turns.
      waiting.delete(key);
      setQueue(key, rest);
      next.start();
    }
  }

  /** Ends an overdue piece for each key that waits, unless the key is at a limit of its own. */
  function endOverdue(): void {
    const ending = [...running].filter(({ state }) => state === "ending").length;
    const needed = [...waiting.keys()].filter(isBelowOwnLimit).length - ending;
    const overdue = [...running].filter(({ state }) => state === "overdue");
    for (const piece of overdue.slice(0, Math.max(0, needed))) {
      piece.state = "ending";
      piece.end();
    }
  }

  /** Waits for a place, which `piece` holds until it leaves `running`. Rejects with the signal's reason. */
  async function enter(piece: Running, signal: AbortSignal): Promise<void> {
    const { key } = piece;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Waiting = {
      key,
      start() {
        running.add(piece);
        resolve();
      },
    };
    using _leaving = closingOn(signal, () => {
      const queue = waiting.get(key) ?? [];
      setQueue(
        key,
        queue.filter((other) => other !== entry),
      );
      reject(signal.reason);
    });
    if (!signal.aborted) waiting.set(key, [...(waiting.get(key) ?? []), entry]);
    startNext();
    endOverdue();
    await promise;
  }

  return {
    counts: () => ({
      running: running.size,
      waiting: [...waiting.values()].reduce((sum, queue) => sum + queue.length, 0),
    }),

    async run(key, signal, work) {
      const displacing = new AbortController();
      const piece: Running = {
        key,
        state: "guaranteed",
        end: () => displacing.abort(new Error(displaced)),
      };
      await enter(piece, signal);
      const timer = guaranteedMs === undefined ? undefined : setTimeout(onOverdue, guaranteedMs);
      function onOverdue(): void {
        piece.state = "overdue";
        endOverdue();
      }
      try {
        return await work(AbortSignal.any([signal, displacing.signal]));
      } finally {
        clearTimeout(timer);
        running.delete(piece);
        startNext();
        endOverdue();
      }
    },
  };
}
