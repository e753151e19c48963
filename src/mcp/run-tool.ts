/**
 * Runs one tool for one caller. Here is the only catch: a foreseen failure becomes a result that says what to do next,
 * anything else is a bug, logged whole and not shown.
 */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { Vault } from "../accounts/vault.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Limits } from "../http/rate-limit.ts";
import { type Log, toErrorFields, toReason } from "../log.ts";
import { toStorageError } from "../storage-error.ts";
import { chooseAccount } from "../tools/choose-account.ts";
import type { GrantStores, ToolContext, ToolServices } from "../tools/context.ts";
import type { Effect, Tool } from "../tools/define-tool.ts";
import { cleanWords, type Fence } from "../tools/fence.ts";
import type { Calls } from "./calls.ts";
import { checkInput } from "./input.ts";
import { mayUse } from "./listing.ts";

export type RunToolDeps = {
  services: ToolServices;
  /** What is kept for one grant. */
  forGrant(grant: LiveGrant): GrantStores;
  vault: Pick<Vault, "withAccounts">;
  calls: Calls;
  limits: Pick<Limits, "enterCall">;
  newFence: () => Fence;
  log: Log;
};

/** One call of a tool, as its caller made it. */
export type ToolCall = {
  grant: LiveGrant;
  requestId: string;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
  /** What a cancellation will call it by; undefined without a session. */
  name: string | undefined;
  arguments: Record<string, unknown>;
  progress: ToolContext["progress"];
};

export function createRunTool({ services, forGrant, vault, calls, limits, newFence, log }: RunToolDeps) {
  /** Within the deadline, one of the grant's calls in flight, with the grant's mail unlocked. */
  function run(tool: Tool, { grant, signal: callerSignal, name, progress, ...call }: ToolCall) {
    const limited = { grantId: grant.id, name, callerSignal, hintWhenCutOff: hintWhenCutOff[tool.effect] };
    return calls.run(limited, async (signal, whenOver) => {
      if (!mayUse(grant.level, tool))
        throw new AppError("permission_missing", `This connection may not use ${tool.name}.`);
      const input = checkInput(tool, call.arguments);
      whenOver(await limits.enterCall(grant.id, signal));
      return vault.withAccounts(grant, signal, (accounts) =>
        tool.call(
          input,
          {
            ...services,
            ...forGrant(grant),
            accounts,
            accountFor: (choice) => chooseAccount(accounts, choice),
            grant: { id: grant.id, level: grant.level },
            signal,
            progress,
          },
          newFence(),
        ),
      );
    });
  }

  /** Never throws. Leaves one line in the log. */
  return async function runTool(tool: Tool, call: ToolCall): Promise<CallToolResult> {
    const startedAt = performance.now();
    const fields = () => ({
      requestId: call.requestId,
      grant: call.grant.id,
      tool: tool.name,
      effect: tool.effect,
      durationMs: Math.round(performance.now() - startedAt),
    });
    try {
      const { structured, content, audit } = await run(tool, call);
      log.info("call", { ...fields(), outcome: "done", ...audit });
      return { content, structuredContent: structured };
    } catch (thrown) {
      const error = toStorageError(thrown);
      if (error instanceof AppError) {
        const reason = toReason(error.cause);
        const why = { code: error.code, ...(reason ? { reason } : {}) };
        log.info("call", { ...fields(), outcome: "refused", ...why });
        return toFailure(`${error.message} ${error.hint} (${error.code})`);
      }
      log.error("bug", { ...fields(), error: toErrorFields(error) });
      const next = hintWhenCutOff[tool.effect] ?? "Try it once more, another way if there is one.";
      return toFailure(
        `Something went wrong inside the mail connector; it was noted as ${call.requestId}. ${next} (internal_error)`,
      );
    }
  };
}

/** A call that was cut off, or broke, may have done its work: what a model should do before it calls again. */
const hintWhenCutOff: Record<Effect, string | undefined> = {
  read: undefined,
  write: "It may have been done in part; look at the mailbox before you call again.",
  destroy: "It may have been done in part; look at the mailbox before you call again.",
  send: "The email may have been sent; look in Sent (search_emails in:sent) before you try again.",
};

/** A message is in our words and may quote a mailbox's name. */
function toFailure(text: string): CallToolResult {
  return { isError: true, content: [{ type: "text", text: cleanWords(text) }] };
}
