/** One account's way to its mail server for the time of one call: what every verb of Mail is made of. */

import type { ImapFlow } from "imapflow";
import type { Clock } from "../clock.ts";
import type { ConnectionOwner } from "../credentials.ts";
import { type EmailRef, fromEmailId, toAccountTag, toEmailId } from "../email/email-id.ts";
import { AppError } from "../errors.ts";
import type { Connections, ConnectionWork } from "../imap/connections.ts";
import { requireSelected } from "../imap/select.ts";

export type Access = {
  address: string;
  accountTag: string;
  clock: Clock;
  signal: AbortSignal;
  /** Reads over a connection that has `mailbox` selected, or any. */
  read<T>(mailbox: string | undefined, work: ConnectionWork<T>): Promise<T>;
  /** Changes things over a connection that has `mailbox` selected, or any; never tried twice. */
  write<T>(mailbox: string | undefined, work: ConnectionWork<T>): Promise<T>;
  /** Whether work on another connection could begin at once. */
  hasSpare(): boolean;
  /** The same, with what it does ended by another signal, too: its connection is closed then. */
  within(signal: AbortSignal): Access;
  /** An id of this account taken apart. Throws invalid_input for another account's. */
  toRef(id: string): EmailRef;
  /** The id of an email in the selected mailbox. */
  toId(imap: ImapFlow, uid: number): string;
};

export function createAccess(deps: {
  owner: ConnectionOwner;
  connections: Connections;
  /** The call's deadline and the caller's going away. */
  signal: AbortSignal;
  clock: Clock;
}): Access {
  const { owner, connections, signal, clock } = deps;
  const accountTag = toAccountTag(owner.accountId);

  return {
    address: owner.credentials.address,
    accountTag,
    clock,
    signal,

    read: (mailbox, work) =>
      connections.use(owner, { ...(mailbox === undefined ? {} : { mailbox }), effect: "read", signal }, work),

    write: (mailbox, work) =>
      connections.use(
        owner,
        { ...(mailbox === undefined ? {} : { mailbox }), effect: "write", signal },
        work,
      ),

    hasSpare: () => connections.hasSpare(owner),

    within: (other) => createAccess({ ...deps, signal: AbortSignal.any([signal, other]) }),

    toRef(id) {
      const ref = fromEmailId(id);
      if (ref.accountTag !== accountTag)
        throw new AppError("invalid_input", "This email id belongs to another account.");
      return ref;
    },

    toId(imap, uid) {
      const { path, uidValidity } = requireSelected(imap);
      return toEmailId({ accountTag, mailbox: path, uidValidity, uid });
    },
  };
}
