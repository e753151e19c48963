/** Access to one account for one call: leases connections and converts email ids. All verbs are built on it. */

import type { ImapFlow } from "imapflow";
import type { Clock } from "../clock.ts";
import type { ConnectionOwner } from "../credentials.ts";
import { type EmailRef, fromEmailId, toAccountTag, toEmailId } from "../email/email-id.ts";
import { AppError } from "../errors.ts";
import type { Connections, ConnectionWork } from "../imap/connections.ts";
import { listAll, listWithValidity } from "../imap/list-mailboxes.ts";
import { hideOn, isPrivatePath, mailboxNotFound } from "../imap/private-mailboxes.ts";
import { requireSelected } from "../imap/select.ts";
import { searchLabels } from "../imap/uid-search.ts";
import type { Renderer } from "../readable/renderer.ts";
import { nothingUnfinished, type UnfinishedWrites } from "./unfinished.ts";

export type Access = {
  address: string;
  accountTag: string;
  clock: Clock;
  signal: AbortSignal;
  renderer: Renderer;
  /** The account's writes whose end is not known. */
  unfinished: UnfinishedWrites;
  /** Leases a connection for reading, with `mailbox` selected unless it is undefined. */
  read<T>(mailbox: string | undefined, work: ConnectionWork<T>): Promise<T>;
  /**
   * Leases a connection for reading in a mailbox under a UIDVALIDITY that is known: faster, since SELECT and the first
   * command go together.
   */
  readEmail<T>(ref: Pick<EmailRef, "mailbox" | "uidValidity">, work: ConnectionWork<T>): Promise<T>;
  /** Leases a connection for writing, with `mailbox` selected unless it is undefined; the work is never retried. */
  write<T>(mailbox: string | undefined, work: ConnectionWork<T>): Promise<T>;
  /** True for the path of a private mailbox, which does not exist here. */
  isPrivate(path: string): boolean;
  /** The number of connections of the account that are open and idle. */
  countIdle(): number;
  /** The same access, ended by a further signal as well. */
  within(signal: AbortSignal): Access;
  /** Decodes an email id. Throws invalid_input, also for the id of another account. */
  toRef(id: string): EmailRef;
  /** The id of an email in the selected mailbox. */
  toId(imap: ImapFlow, uid: number): string;
};

export function createAccess(deps: {
  owner: ConnectionOwner;
  connections: Connections;
  /** Fires at the deadline of the call or when the caller disconnects. */
  signal: AbortSignal;
  clock: Clock;
  renderer: Renderer;
  /** Absent: none are kept. */
  unfinished?: UnfinishedWrites | undefined;
}): Access {
  const { owner, connections, signal, clock, renderer, unfinished = nothingUnfinished } = deps;
  const accountTag = toAccountTag(owner.accountId);
  const privates = owner.credentials.privateMailboxes ?? [];

  /** Runs `work` on a connection on which private mailboxes do not exist. Throws mailbox_not_found for one of them. */
  function hiding<T>(mailbox: string | undefined, work: ConnectionWork<T>): ConnectionWork<T> {
    if (mailbox !== undefined && isPrivatePath(privates, mailbox)) throw mailboxNotFound();
    return async (imap, cache, cacheOf) => {
      await hideOn(imap, privates, {
        selects: mailbox !== undefined,
        list: (withValidity) => (withValidity ? listWithValidity(imap) : listAll(imap, {})),
        searchLabels: (labels) => searchLabels(imap, labels),
      });
      return work(imap, cache, cacheOf);
    };
  }

  return {
    address: owner.credentials.address,
    accountTag,
    clock,
    signal,
    renderer,
    unfinished,

    read: async (mailbox, work) =>
      connections.use(owner, { mailbox, effect: "read", signal }, hiding(mailbox, work)),

    readEmail: async ({ mailbox, uidValidity }, work) =>
      connections.use(owner, { mailbox, uidValidity, effect: "read", signal }, hiding(mailbox, work)),

    write: async (mailbox, work) =>
      connections.use(owner, { mailbox, effect: "write", signal }, hiding(mailbox, work)),

    isPrivate: (path) => isPrivatePath(privates, path),

    countIdle: () => connections.countIdle(owner),

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
