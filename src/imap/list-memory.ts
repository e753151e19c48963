/**
 * The mailboxes of an account as LIST told them last, for a minute: the path of a role takes no round trip in the calls
 * that follow each other. Whoever finds a path outdated lists again, and what this server changes itself is forgotten.
 */
import type { ImapFlow, ListResponse } from "imapflow";
import type { Clock } from "../clock.ts";

const lifetimeMs = 60_000;

/** The remembered mailboxes of one account, private ones among them, without counts. */
export type ListMemory = {
  read(): readonly ListResponse[] | undefined;
  keep(entries: readonly ListResponse[]): void;
  forget(): void;
};

export function createListMemory({ clock }: { clock: Clock }): ListMemory {
  let kept: { entries: readonly ListResponse[]; until: number } | undefined;
  return {
    read: () => (kept && kept.until > clock.now() ? kept.entries : undefined),
    keep(entries) {
      // Counts are outdated with the next email.
      kept = {
        entries: entries.map((entry) => ({ ...entry, status: undefined })),
        until: clock.now() + lifetimeMs,
      };
    },
    forget() {
      kept = undefined;
    },
  };
}

const memoryKey = Symbol("list memory");

/** Attaches the memory of its account to a connection. */
export function attachListMemory(imap: ImapFlow, memory: ListMemory): void {
  Object.assign(imap, { [memoryKey]: memory });
}

/** Returns the memory of a connection's account; without an attached one, a memory that keeps nothing. */
export function listMemoryOf(imap: ImapFlow): ListMemory {
  const attached: unknown = memoryKey in imap ? imap[memoryKey] : undefined;
  return isListMemory(attached) ? attached : { read: () => undefined, keep() {}, forget() {} };
}

const isListMemory = (value: unknown): value is ListMemory =>
  typeof value === "object" && value !== null && "keep" in value;
