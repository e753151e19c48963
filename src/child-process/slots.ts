/** A semaphore whose slots are given out in order of arrival. */

type Slots = {
  /** Rejects with the signal's reason when it aborts first. */
  acquire(signal: AbortSignal): Promise<void>;
  release(): void;
};

export function createSlots(count: number): Slots {
  const waiting = new Set<() => void>();
  let used = 0;
  return {
    acquire: (signal) =>
      new Promise((resolve, reject) => {
        const admit = () => {
          waiting.delete(admit);
          signal.removeEventListener("abort", cancel);
          used += 1;
          resolve();
        };
        const cancel = () => {
          waiting.delete(admit);
          reject(signal.reason);
        };
        if (signal.aborted) cancel();
        else if (used < count) admit();
        else {
          waiting.add(admit);
          signal.addEventListener("abort", cancel, { once: true });
        }
      }),
    release() {
      used -= 1;
      const [next] = waiting;
      next?.();
    },
  };
}
