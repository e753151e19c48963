/**
 * Shares the event loop with servers that send without end. Received bytes are parsed in limited amounts per timer
 * turn, over all connections together. Without this limit one flooding server blocks everybody else for seconds
 * (measured: 2 s, because the parser's own setImmediate lets no timer and no other socket run).
 */

export type Throttle = {
  /** Runs `parse` for `bytes` received bytes: at once while the turn has capacity, else in a later turn, in order. */
  schedule(bytes: number, parse: () => void): void;
};

/** Parsing 32 KB of the smallest possible rows takes about 20 ms; 32 KB of one literal take almost nothing. */
const bytesPerTurn = 32 * 1024;

export function createThrottle(): Throttle {
  const waiting: { bytes: number; parse: () => void }[] = [];
  let usedBytes = 0;
  let isTurnScheduled = false;

  function startTurn(): void {
    usedBytes = 0;
    isTurnScheduled = false;
    while (waiting.length > 0 && usedBytes < bytesPerTurn) {
      const next = waiting.shift();
      if (next) run(next.bytes, next.parse);
    }
  }

  function run(bytes: number, parse: () => void): void {
    usedBytes += bytes;
    if (!isTurnScheduled) {
      isTurnScheduled = true;
      setTimeout(startTurn, 0);
    }
    parse();
  }

  return {
    schedule(bytes, parse) {
      if (usedBytes < bytesPerTurn && waiting.length === 0) run(bytes, parse);
      else waiting.push({ bytes, parse });
    },
  };
}
