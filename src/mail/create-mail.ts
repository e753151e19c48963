/** One account as a live handle: its verbs, each done in a file of its own, over connections lent by the pool. */
import type { Clock } from "../clock.ts";
import type { Outbound } from "../outbound.ts";
import { createAccess } from "./access.ts";
import type { ConnectionOwner, Connections } from "./connections.ts";
import { createWriting } from "./create-writing.ts";
import { getEmail } from "./email.ts";
import { listEmails } from "./listing.ts";
import type { Mail } from "./mail.ts";
import { listMailboxes } from "./mailboxes.ts";
import type { MailReading } from "./reading.ts";
import { searchEmails } from "./search.ts";

/** `signal`: the call's deadline and the caller's going away. Nothing connects until a verb is called. */
export function createMail(deps: {
  owner: ConnectionOwner;
  connections: Connections;
  signal: AbortSignal;
  clock: Clock;
  outbound: Outbound;
}): Mail {
  const { owner, connections, signal, clock, outbound } = deps;
  const access = createAccess({ owner, connections, signal, clock });
  const reading: MailReading = {
    listMailboxes: () => access.read(undefined, listMailboxes),
    listEmails: (request) => listEmails(access, request),
    searchEmails: (request) => searchEmails(access, request),
    getEmail: (request) => getEmail(access, request),
  };
  return {
    accountId: owner.accountId,
    address: owner.credentials.address,
    canSend: owner.credentials.smtp !== undefined,
    ...reading,
    ...createWriting({ access, credentials: owner.credentials, outbound, signal, clock }),
  };
}
