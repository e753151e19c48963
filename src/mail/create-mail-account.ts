/** One account as a live handle: its verbs, each done in a file of its own, over connections lent by the pool. */
import type { Clock } from "../clock.ts";
import type { ConnectionOwner } from "../credentials.ts";
import type { DocumentReader } from "../documents/sandbox.ts";
import { fromEmailId, toAccountTag } from "../email/email-id.ts";
import { AppError } from "../errors.ts";
import type { Connections } from "../imap/connections.ts";
import type { Submissions } from "../smtp/submissions.ts";
import { createAccess } from "./access.ts";
import { createWriting } from "./create-writing.ts";
import { describeAttachment, getAttachment, streamAttachment } from "./email/attachment.ts";
import { getEmail } from "./email/get-email.ts";
import type { MailAccount } from "./mail-account.ts";
import { listMailboxes } from "./mailboxes.ts";
import type { MailReading } from "./reading.ts";
import { listEmails } from "./search/listing.ts";
import { searchEmails } from "./search/search.ts";
import { getThread } from "./threads/thread.ts";

/** How long filing and marking may take once an email is sent, whoever still listens. */
const afterwardsMs = 20_000;

/** `signal`: the call's deadline and the caller's going away. Nothing connects until a verb is called. */
export function createMailAccount(deps: {
  owner: ConnectionOwner;
  connections: Connections;
  signal: AbortSignal;
  clock: Clock;
  submissions: Submissions;
  documents: DocumentReader;
  /** The addresses of all accounts of the grant: left out of replies to all. */
  own: readonly string[];
  /** The provider puts sent mail into Sent by itself. */
  filesSentMail: boolean;
}): MailAccount {
  const { owner, connections, signal, clock } = deps;
  const access = createAccess({ owner, connections, signal, clock });
  const reading: MailReading = {
    listMailboxes: () => access.read(undefined, (imap) => listMailboxes(imap)),
    listEmails: (request) => listEmails(access, request),
    searchEmails: (request) => searchEmails(access, request),
    getEmail: (request) => getEmail(access, request),
    getThread: (request) => getThread(access, request),
    getAttachment: (request) => getAttachment(access, deps.documents, request),
    describeAttachment: (request) => describeAttachment(access, request),
    streamAttachment: (request, consume) => streamAttachment(access, request, consume),
  };
  return {
    accountId: owner.accountId,
    address: owner.credentials.address,
    canSend: owner.credentials.smtp !== undefined,
    ownsEmailId: (id) => fromEmailId(id).accountTag === toAccountTag(owner.accountId),
    ...reading,
    ...createWriting({
      ...deps,
      access,
      afterwards: () => createAccess({ ...deps, signal: outliveCaller(signal) }),
    }),
  };
}

/** A signal for what follows a sending: it outlives a caller who went away, but not the grant. */
function outliveCaller(signal: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const onAbort = () => {
    const { reason }: { reason?: unknown } = signal;
    if (reason instanceof AppError && reason.code === "permission_missing") ended.abort(reason);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return AbortSignal.any([AbortSignal.timeout(afterwardsMs), ended.signal]);
}
