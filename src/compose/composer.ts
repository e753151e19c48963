/** The interface of what parses originals and composes emails: in this process, or in child ones (child-composer.ts). */
import { compose } from "./compose.ts";
import type { ComposeDeps, ComposedEmail, EmailRequest, OriginalEmail, Signature } from "./email-request.ts";
import { type InvitationReply, type InvitationRequest, replyToInvitation } from "./invitation-reply.ts";
import { parseOriginal } from "./parse-original.ts";
import { findSignature } from "./signature.ts";

export type Composer = {
  /** See parseOriginal. Throws AppError timed_out and too_large for what cannot be parsed within the limits. */
  parseOriginal(
    id: string,
    source: Uint8Array,
    options: { whole: boolean; signal: AbortSignal },
  ): Promise<OriginalEmail>;
  /** The signature of each email, of which `sources` are the beginnings. Throws what parseOriginal throws. */
  findSignatures(sources: readonly Uint8Array[], signal: AbortSignal): Promise<(Signature | undefined)[]>;
  /** See replyToInvitation. */
  answerInvitation(request: InvitationRequest, signal: AbortSignal): Promise<InvitationReply>;
  /** See compose. Throws what it throws; AppError timed_out and too_large beyond the limits. */
  compose(deps: ComposeDeps, request: EmailRequest, signal: AbortSignal): Promise<ComposedEmail>;
};

/** Composes in this process: for child processes, and for tests that are about something else. */
export const localComposer: Composer = {
  parseOriginal: (id, source, { whole }) => parseOriginal(id, source, whole),
  compose: (deps, request) => compose(deps, request),
  answerInvitation: async (request) => replyToInvitation(request),
  findSignatures: (sources) =>
    Promise.all(sources.map(async (source) => findSignature(await parseOriginal("", source, false)))),
};
