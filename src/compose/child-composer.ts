/**
 * Parses originals and composes emails in child processes: an original may be hostile, and 25 MB of attachments take
 * seconds to encode. Small new emails are composed here.
 */
import { z } from "zod";
import { fromMessage, toMessage } from "../child-process/messages.ts";
import type { ChildOutcome, ChildPool } from "../child-process/pool.ts";
import { AppError, type FailureCode } from "../errors.ts";
import { type Composer, localComposer } from "./composer.ts";
import type { ComposeDeps, ComposedEmail, EmailRequest, OriginalEmail, Signature } from "./email-request.ts";
import type { InvitationReply, InvitationRequest } from "./invitation-reply.ts";

/** Octets of files up to which a new email is composed in this process. */
const maxLocalFileBytes = 1_000_000;

/** The largest originals have 45 MB, and take ten times that in memory. */
const limits = { maxCpuMs: 15_000, maxMs: 30_000, maxMemoryBytes: 650_000_000 };

/** The tasks of a child process. `now`: milliseconds since the epoch. */
export const composeTask = z.discriminatedUnion("task", [
  z.object({
    task: z.literal("original"),
    id: z.string(),
    whole: z.boolean(),
    source: z.custom<Uint8Array>(),
  }),
  z.object({ task: z.literal("invitation"), request: z.custom<InvitationRequest>() }),
  z.object({ task: z.literal("signatures"), sources: z.custom<Uint8Array[]>() }),
  z.object({
    task: z.literal("compose"),
    now: z.number(),
    from: z.custom<ComposeDeps["from"]>(),
    own: z.array(z.string()),
    signature: z.custom<ComposeDeps["signature"]>().optional(),
    request: z.custom<EmailRequest>(),
  }),
]);

type ComposeTask = z.output<typeof composeTask>;

/** `failure`: an AppError that the task threw. */
type Answer<T> = { result: T } | { failure: { code: FailureCode; message: string; hint: string } };

/** JSON has no undefined. */
type FoundSignatures = { found: (Signature | null)[] };

export function createChildComposer(children: ChildPool): Composer {
  async function run<T>(task: ComposeTask, signal: AbortSignal): Promise<T> {
    const outcome = await children.run(toMessage(task), signal, limits);
    if ("failure" in outcome) throw toFailure(outcome.failure);
    const answer = fromMessage(outcome.answer) as Answer<T>;
    if ("result" in answer) return answer.result;
    const { code, message, hint } = answer.failure;
    throw new AppError(code, message, { hint });
  }

  return {
    async parseOriginal(id, source, { whole, signal }) {
      const original = await run<OriginalEmail>({ task: "original", id, whole, source }, signal);
      return { ...original, source };
    },
    answerInvitation: (request, signal) =>
      run<InvitationReply>({ task: "invitation", request: { ...request, own: [...request.own] } }, signal),
    async findSignatures(sources, signal) {
      if (sources.length === 0) return [];
      const task = { task: "signatures" as const, sources: [...sources] };
      const { found } = await run<FoundSignatures>(task, signal);
      return found.map((signature) => signature ?? undefined);
    },
    compose(deps, request, signal) {
      const { clock, from, own, signature } = deps;
      const fileBytes = (request.files ?? []).reduce((sum, { content }) => sum + content.length, 0);
      if (request.basis.kind === "new" && fileBytes <= maxLocalFileBytes)
        return localComposer.compose(deps, request, signal);
      return run<ComposedEmail>(
        { task: "compose", now: clock.now(), from, own: [...own], signature, request },
        signal,
      );
    },
  };
}

type Failure = Extract<ChildOutcome, { failure: unknown }>["failure"];

function toFailure(failure: Failure): AppError {
  const hint = "Write a new email instead, without quoting or forwarding this one.";
  if (failure === "timed_out")
    return new AppError("timed_out", "The email takes too long to read.", { hint });
  if (failure === "too_much_memory")
    return new AppError("too_large", "The email takes more memory than is allowed.", { hint });
  return new AppError("too_large", "The process that read the email ended unexpectedly.", { hint });
}

/** Runs one task in a child process, and returns its answer. */
export async function runComposeTask(task: ComposeTask, signal: AbortSignal): Promise<Answer<object>> {
  try {
    if (task.task === "original") {
      const { id, source, whole } = task;
      const original = await localComposer.parseOriginal(id, source, { whole, signal });
      // The server has the source.
      return { result: { ...original, source: new Uint8Array() } };
    }
    if (task.task === "invitation")
      return { result: await localComposer.answerInvitation(task.request, signal) };
    if (task.task === "signatures") {
      const found = await localComposer.findSignatures(task.sources, signal);
      return { result: { found: found.map((signature) => signature ?? null) } satisfies FoundSignatures };
    }
    const { now, from, own, signature, request } = task;
    const deps = { clock: { now: () => now }, from, own, signature };
    return { result: await localComposer.compose(deps, request, signal) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { failure: { code: error.code, message: error.message, hint: error.hint } };
  }
}
