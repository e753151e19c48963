/**
 * Shares the event loop with servers that send without end. What they send is parsed a piece per turn of the timers,
 * over all connections together; without this, one server that floods keeps everybody else waiting for seconds
 * (measured: 2 s, since the parser's own setImmediate lets no timer and no other socket through).
 */

export type Pace = {
  /** Runs `go` now while the turn has room, else in a later one, in order. */
  take(bytes: number, go: () => void): void;
};

/** 32 KB of the smallest rows there are take about 20 ms to parse; of a long literal, next to nothing. */
const bytesPerTurn = 32 * 1024;

export function createPace(): Pace {
  const waiting: { bytes: number; go: () => void }[] = [];
  let used = 0;
  let turning = false;

  function turn(): void {
    used = 0;
    turning = false;
    while (waiting.length > 0 && used < bytesPerTurn) {
      const next = waiting.shift();
      if (next) run(next.bytes, next.go);
    }
  }

  function run(bytes: number, go: () => void): void {
    used += bytes;
    if (!turning) {
      turning = true;
      setTimeout(turn, 0);
    }
    go();
  }

  return {
    take(bytes, go) {
      if (used < bytesPerTurn && waiting.length === 0) run(bytes, go);
      else waiting.push({ bytes, go });
    },
  };
}
