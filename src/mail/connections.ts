/** The pool of IMAP connections: the only place that opens one. */
import type { ImapFlow } from "imapflow";
import type { Credentials } from "./mail.ts";

/** Whose connection it is. Never keyed by a typed address: one grant's connection is never another's. */
export type ConnectionOwner = { grantId: string; accountId: string; credentials: Credentials };

export type Lease = {
  /** A mailbox path to have selected (not a role); absent when none is needed. */
  mailbox?: string;
  /** Reading is tried a second time on a fresh connection when the first was dead; writing never is. */
  effect: "read" | "write";
  /** The call's deadline and the caller's going away. Ends the work by closing the connection. */
  signal: AbortSignal;
};

export type Connections = {
  /** Lends a connection for the time of `work` and takes it back. Throws AppErrors from mail/failures. */
  use<T>(owner: ConnectionOwner, lease: Lease, work: (imap: ImapFlow) => Promise<T>): Promise<T>;
  /** Closes everything a grant holds, at once: revoked, expired, replayed. */
  closeGrant(grantId: string): void;
  /** Logs all out; for the process's end. */
  close(): Promise<void>;
};
