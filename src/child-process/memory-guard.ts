/**
 * A limit on the memory of all child processes together. Each has a limit of its own, and they seldom come near it at the
 * same time; where they do, the largest is ended, before the system is short of memory and ends one by its own choice.
 */

type MemoryUse = {
  bytes: number;
  /** It serves no request: ending it costs nothing but a new start. */
  isIdle: boolean;
  end(): void;
};

export type MemoryGuard = {
  /** Records the memory of a process, and ends processes when all together hold too much: idle ones first. */
  record(process: object, use: MemoryUse): void;
  forget(process: object): void;
};

export function createMemoryGuard(maxBytes: number): MemoryGuard {
  const uses = new Map<object, MemoryUse>();
  const total = () => uses.values().reduce((sum, { bytes }) => sum + bytes, 0);

  return {
    record(process, use) {
      uses.set(process, use);
      while (total() > maxBytes) {
        const [first] = [...uses].toSorted(
          ([, a], [, b]) => Number(b.isIdle) - Number(a.isIdle) || b.bytes - a.bytes,
        );
        if (!first) return;
        const [largest, { end }] = first;
        uses.delete(largest);
        end();
      }
    },
    forget(process) {
      uses.delete(process);
    },
  };
}

/**
 * The memory of all child processes, of the gigabyte that deploy/ allows: the server itself holds up to 300 MB. One that
 * composes may need 650 MB.
 */
const maxChildBytes = 700_000_000;

/** One for the whole server. */
export const createServerMemoryGuard = (): MemoryGuard => createMemoryGuard(maxChildBytes);
