/**
 * Counts the refused passwords of an account before its owner connects it: numbers under keyed hashes, in memory,
 * for a day. They never refuse a login (http/login-limits.ts); the owner is told.
 *
 * Counted per IMAP server: one that was entered by a stranger says nothing about the owner's.
 */

import type { Clock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { createLru } from "../lru.ts";

const keptMs = 86_400_000;
const maxKeys = 20_000;

export type FailedGuesses = ReturnType<typeof createFailedGuesses>;

/** Creates the memory. `hash`: a keyed hash, so that no address is held. */
export function createFailedGuesses({ clock, hash }: { clock: Clock; hash: (value: string) => string }) {
  const guesses = createLru<string, { count: number; lastAt: number }>(maxKeys);

  const toKey = (name: string, host: string) => hash(`${name.trim().toLowerCase()} at ${host.toLowerCase()}`);

  /** Forgets a day after the last guess. */
  function countOf(key: string): number {
    const found = guesses.get(key);
    return found && clock.now() - found.lastAt < keptMs ? found.count : 0;
  }

  return {
    /** Counts one refused password for all names that it was tried with: the address and the user names. */
    add(names: readonly string[], host: string): void {
      for (const key of new Set(names.map((name) => toKey(name, host))))
        guesses.set(key, { count: countOf(key) + 1, lastAt: clock.now() });
    },

    /** Returns the number of guesses for proven credentials. */
    count({ address, username, imap }: Pick<Credentials, "address" | "username" | "imap">): number {
      return Math.max(...[address, username].map((name) => countOf(toKey(name, imap.host))));
    },
  };
}
