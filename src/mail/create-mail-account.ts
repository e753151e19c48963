/** Makes the handle on one account for one call: its verbs over connections of the pool. */
import type { Clock } from "../clock.ts";
import type { Composer } from "../compose/composer.ts";
import type { ConnectionOwner } from "../credentials.ts";
import { fromEmailId, toAccountTag } from "../email/email-id.ts";
import { AppError } from "../errors.ts";
import type { Connections } from "../imap/connections.ts";
import type { Renderer } from "../readable/renderer.ts";
import type { Submissions } from "../smtp/submissions.ts";
import { createAccess } from "./access.ts";
import { createWriting } from "./create-writing.ts";
import { describeAttachment, getAttachment, streamAttachment } from "./email/attachment.ts";
import { getEmail } from "./email/get-email.ts";
import type { MailAccount } from "./mail-account.ts";
import { listChoosable, listMailboxes } from "./mailboxes.ts";
import type { MailReading } from "./reading.ts";
import { listEmails } from "./search/listing.ts";
import { getOverview } from "./search/overview.ts";
import { searchEmails } from "./search/search.ts";
import type { KeptProfile } from "./sending/kept-profiles.ts";
import { getThread } from "./threads/thread.ts";
import type { UnfinishedWrites } from "./unfinished.ts";

/** Time for filing the copy and setting keywords after an email was sent. */
const afterwardsMs = 20_000;

/** `signal` fires at the deadline of the call or when the caller disconnects. Connects when a verb is called. */
export function createMailAccount(deps: {
  owner: ConnectionOwner;
  connections: Connections;
  signal: AbortSignal;
  clock: Clock;
  submissions: Submissions;
  renderer: Renderer;
  composer: Composer;
  /** Addresses of all accounts of the grant, left out of a reply to all. */
  own: readonly string[];
  /** The provider files a copy in Sent by itself. */
  filesSentMail: boolean;
  profile: KeptProfile;
  /** The account's writes whose end is not known; absent: none are kept. */
  unfinished?: UnfinishedWrites | undefined;
}): MailAccount {
  const { owner, signal } = deps;
  const access = createAccess(deps);
  const reading: MailReading = {
    listChoosable: () => access.read(undefined, (imap) => listChoosable(imap)),
    listMailboxes: () => access.read(undefined, (imap) => listMailboxes(imap)),
    listEmails: (request) => listEmails(access, request),
    searchEmails: (request) => searchEmails(access, request),
    getOverview: (request) => getOverview(access, request),
    getEmail: (request) => getEmail(access, deps.renderer, request),
    getThread: (request) => getThread(access, deps.renderer, request),
    getAttachment: (request) => getAttachment(access, deps.renderer, request),
    describeAttachment: (request) => describeAttachment(access, request),
    streamAttachment: (request, consume) => streamAttachment(access, request, consume),
  };
  return {
    accountId: owner.accountId,
    address: owner.credentials.address,
    canSend: owner.credentials.smtp !== undefined,
    connect: () => access.read("INBOX", async () => {}),
    ownsEmailId: (id) => fromEmailId(id).accountTag === toAccountTag(owner.accountId),
    ownsSelection: ({ accountTag }) => accountTag === access.accountTag,
    ...reading,
    ...createWriting({
      ...deps,
      access,
      afterwards: () => createAccess({ ...deps, signal: outliveCaller(signal) }),
    }),
  };
}

/** A signal for the work after a submission: it outlives a caller who disconnected, but not the end of the grant. */
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
