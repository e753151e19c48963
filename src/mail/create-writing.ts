/** Assembles the writing verbs of an account. */

import type { Composer } from "../compose/composer.ts";
import type { ComposedEmail, EmailRequest } from "../compose/email-request.ts";
import type { ConnectionOwner } from "../credentials.ts";
import type { Submissions } from "../smtp/submissions.ts";
import type { Access } from "./access.ts";
import { prepareAnswer } from "./invitations.ts";
import { describeEmails, planDeletion } from "./organize/deletion-plan.ts";
import { createOrganizing } from "./organize/organize.ts";
import { chooseFrom } from "./sending/choose-from.ts";
import { saveDraft } from "./sending/drafts.ts";
import { findDifferingHtml } from "./sending/formatted-text.ts";
import type { KeptProfile } from "./sending/kept-profiles.ts";
import { readAttachment, readOriginal } from "./sending/read-original.ts";
import { type SendDeps, send } from "./sending/send.ts";
import { findProfile } from "./sending/sender-profile.ts";
import { findWrittenTo } from "./sending/written-to.ts";
import { findLeavingWays, toLeavingRequest } from "./unsubscribing.ts";
import type { MailWriting } from "./writing.ts";

export function createWriting(deps: {
  owner: ConnectionOwner;
  submissions: Submissions;
  signal: AbortSignal;
  access: Access;
  afterwards: () => Access;
  /** Addresses of all accounts of the grant, left out of a reply to all. */
  own: readonly string[];
  filesSentMail: boolean;
  composer: Composer;
  profile: KeptProfile;
}): MailWriting {
  const { owner, access, own, composer, signal, profile } = deps;
  const { address, name } = owner.credentials;
  const organizing = createOrganizing(access);
  const account = name ? { name, address } : { address };
  const sending: SendDeps = deps;
  const readProfile = () => findProfile(access, composer, profile);

  /** The account's address, and those that sent mail proves. */
  const ownAddresses = async () => [
    ...new Set([address, ...(await readProfile()).map((sender) => sender.address)]),
  ];

  async function compose(request: EmailRequest): Promise<ComposedEmail> {
    const senders = await readProfile();
    const wanted = { ...request, signature: request.signature ?? owner.credentials.signature };
    const { from, signature } = chooseFrom(wanted, account, senders);
    const known = [address, ...own, ...senders.map((sender) => sender.address)];
    return composer.compose({ clock: access.clock, from, own: known, signature }, request, signal);
  }

  return {
    ...organizing,
    readOriginal: (id, purpose) => readOriginal(access, composer, id, purpose),
    readAttachment: (id, index) => readAttachment(access, id, index),
    compose,
    prepareAnswer: async (request) =>
      prepareAnswer({ access, composer, own: await ownAddresses(), compose }, request),
    findLeavingWays: (id) => findLeavingWays(access, id),
    composeLeaving: (mailto) => compose(toLeavingRequest(mailto)),
    findDifferingHtml: (composed) => findDifferingHtml(access, composer, composed),
    findWrittenTo: async (addresses) => findWrittenTo(access, addresses, await ownAddresses()),
    planDeletion: (ids, permanently) => planDeletion(access, ids, permanently),
    describeEmails: (ids) => describeEmails(access, ids),
    saveDraft: (composed, replaces) => saveDraft(access, organizing.deleteEmails, composed, replaces),
    send: (composed, draftId) => send(sending, composed, draftId),
  };
}
