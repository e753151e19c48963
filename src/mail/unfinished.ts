/** Writes whose end is not known yet: kept for a day, so that the repeated call finishes them and doubles nothing. */

/** A move or copy: the identities of its emails, and where arrivals in the destination begin. */
export type UnfinishedTransfer = {
  kind: "transfer";
  /** Path and UIDVALIDITY of the mailbox that the emails were in. */
  mailbox: string;
  uidValidity: bigint;
  destination: string;
  /** UID -> identity (arrivals.ts); "" for an email that was not identified before a COPY. */
  identities: ReadonlyMap<number, string>;
  /** UIDNEXT of the destination before a COPY; undefined for a MOVE, and where a server has none. */
  uidNext?: number | undefined;
};

/** A draft that was appended: the Message-ID under which it is found, and a hash of what the call asked for. */
type UnfinishedAppend = { kind: "append"; mailbox: string; messageId: string; contentHash: string };

export type UnfinishedWrite = UnfinishedTransfer | UnfinishedAppend;

/** The unfinished writes of one account. None of the functions throws for a full disk: the write goes on without. */
export type UnfinishedWrites = {
  /** Keeps a write from before its first command. Returns the function that removes it. */
  begin(write: UnfinishedWrite): Promise<() => Promise<void>>;
  /** The writes of the last 24 hours that were begun and not ended, oldest first. */
  list(): Promise<readonly (UnfinishedWrite & { end(): Promise<void> })[]>;
};

/** Keeps nothing, for an account without a database. */
export const nothingUnfinished: UnfinishedWrites = {
  begin: async () => async () => {},
  list: async () => [],
};
