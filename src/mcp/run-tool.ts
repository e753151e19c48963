/**
 * Runs one tool for one caller, and catches whatever it throws: an AppError becomes a result with a hint for the model,
 * any other error is a bug that is logged in full and answered in neutral words.
 */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { Vault } from "../accounts/vault.ts";
import { AmbiguousAccountError, AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Limits } from "../http/rate-limit.ts";
import { describeCause, type Log, toErrorFields } from "../log.ts";
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
  /** `repeated`: the id of the approval about which the person was asked and which the call repeats. */
  forGrant(grant: LiveGrant, repeated: string | undefined): GrantStores;
  vault: Pick<Vault, "withAccounts">;
  calls: Calls;
  limits: Pick<Limits, "enterCall">;
  newFence: () => Fence;
  log: Log;
};

export type ToolCall = {
  grant: LiveGrant;
  requestId: string;
  /** Aborted when the caller goes away. */
  callerSignal: AbortSignal;
  /** Identifies the call for a cancellation; undefined without a session. */
  cancelKey: string | undefined;
  arguments: Record<string, unknown>;
  /** The id of the approval about which the person was asked and which the call repeats. */
  repeated: string | undefined;
  progress: ToolContext["progress"];
  /** Told the addresses of which the call names none. */
  onAmbiguousAccount?: (addresses: readonly string[]) => void;
};

export function createRunTool(deps: RunToolDeps) {
  const { services, forGrant, vault, calls, limits, newFence, log } = deps;

  /** Runs the tool within its deadline and the grant's limits, with the accounts of the grant unsealed. */
  function callTool(tool: Tool, { grant, callerSignal, cancelKey, progress, ...call }: ToolCall) {
    const hintWhenStopped = hintsWhenStopped[tool.effect];
    return calls.run(
      { grantId: grant.id, cancelKey, callerSignal, hintWhenStopped },
      async (signal, onEnd) => {
        if (!mayUse(grant.level, tool))
          throw new AppError("permission_missing", `This connection may not use ${tool.name}.`);
        const input = checkInput(tool, call.arguments);
        onEnd(await limits.enterCall(grant.id, signal));
        return vault.withAccounts(grant, signal, (accounts, damagedAccounts) => {
          const context: ToolContext = {
            ...services,
            ...forGrant(grant, call.repeated),
            accounts,
            damagedAccounts,
            accountFor: (choice) => chooseAccount(accounts, choice),
            grant: { id: grant.id, level: grant.level, asksForNewPeople: grant.asksForNewPeople },
            signal,
            progress,
          };
          return tool.call(input, context, newFence());
        });
      },
    );
  }

  /** Runs a tool and writes one line to the log. Never throws. */
  return async function runTool(tool: Tool, call: ToolCall): Promise<CallToolResult> {
    const startedAt = performance.now();
    const toLogFields = () => ({
      requestId: call.requestId,
      grant: call.grant.id,
      tool: tool.name,
      effect: tool.effect,
      durationMs: Math.round(performance.now() - startedAt),
    });
    try {
      const { structured, content, audit } = await callTool(tool, call);
      log.info("call", { ...toLogFields(), outcome: "done", ...audit });
      return { content, structuredContent: structured };
    } catch (thrown) {
      const error = toStorageError(thrown);
      if (error instanceof AppError) {
        const reason = describeCause(error.cause) || undefined;
        log.info("call", { ...toLogFields(), outcome: "refused", code: error.code, reason });
        if (error instanceof AmbiguousAccountError) call.onAmbiguousAccount?.(error.addresses);
        return toErrorResult(`${error.message} ${error.hint} (${error.code})`);
      }
      log.error("bug", { ...toLogFields(), error: toErrorFields(error) });
      const hint = hintsWhenStopped[tool.effect] ?? "Try it once more, another way if there is one.";
      return toErrorResult(
        `Something went wrong inside the mail connector; it was logged as ${call.requestId}. ${hint} (internal_error)`,
      );
    }
  };
}

/** Hints for a call that was stopped or that failed with a bug: it may have done its work. */
const hintsWhenStopped: Record<Effect, string | undefined> = {
  read: undefined,
  write: "It may have been done in part; look at the mailbox before you call again.",
  destroy: "It may have been done in part; look at the mailbox before you call again.",
  send: "The email may have been sent. If it is in Sent (search_emails in:sent), it was; if not, that does not tell: look for a delivery report before you try again.",
};

/** An error result. The text is cleaned because it may quote the name of a mailbox. */
function toErrorResult(text: string): CallToolResult {
  return { isError: true, content: [{ type: "text", text: cleanWords(text) }] };
}
