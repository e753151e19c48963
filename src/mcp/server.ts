/**
 * One MCP server object for one POST: lists the tools of the grant's level and runs them. Here is the only catch:
 * a foreseen failure becomes a result that says what to do next, anything else is a bug, logged whole and not shown.
 */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Limits } from "../http/rate-limit.ts";
import { type Log, toErrorFields, toReason } from "../log.ts";
import type { LiveGrant } from "../oauth/grant.ts";
import { toStorageError } from "../storage-error.ts";
import { chooseMail } from "../tools/choose-mail.ts";
import type { Effect, Fence, GrantRooms, Tool, ToolServices } from "../tools/define-tool.ts";
import { productVersion } from "../version.ts";
import type { Calls } from "./calls.ts";
import { checkInput, unknownTool } from "./input.ts";
import { instructions } from "./instructions.ts";
import { mayUse, toListed } from "./listing.ts";

export type ServerDeps = {
  config: Pick<Config, "publicUrl">;
  tools: readonly Tool[];
  services: ToolServices;
  /** What is kept for one grant. */
  forGrant(grant: LiveGrant): GrantRooms;
  vault: Pick<Vault, "withMails">;
  calls: Calls;
  limits: Pick<Limits, "enterCall">;
  newFence: () => Fence;
  clock: Clock;
  log: Log;
};

/** What the server acts for: one request of one caller. */
export type Caller = {
  grant: LiveGrant;
  requestId: string;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
  /** What a cancellation will call this caller's call by; undefined without a session. */
  toCallName(id: string | number): string | undefined;
};

export type CreateServer = ReturnType<typeof createServerFactory>;

export function createServerFactory(deps: ServerDeps) {
  const { vault, calls, limits, log } = deps;
  const listed = deps.tools.map((tool) => ({ tool, entry: toListed(tool) }));
  // The SDK would make one for every server, which is for every request: it is what costs most there.
  const jsonSchemaValidator = new AjvJsonSchemaValidator();
  const serverInfo = {
    name: "email-connector",
    title: "Email",
    version: productVersion,
    websiteUrl: deps.config.publicUrl,
    icons: [{ src: `${deps.config.publicUrl}/favicon.svg`, mimeType: "image/svg+xml" }],
  };

  return function createServer(caller: Caller): Server {
    const server = new Server(serverInfo, { capabilities: { tools: {} }, instructions, jsonSchemaValidator });

    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: listed.filter(({ tool }) => mayUse(caller.grant.level, tool)).map(({ entry }) => entry),
    }));

    server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra): Promise<CallToolResult> => {
      const tool = deps.tools.find(({ name }) => name === params.name);
      if (!tool) {
        const usable = deps.tools.filter((candidate) => mayUse(caller.grant.level, candidate));
        throw unknownTool(
          params.name,
          usable.map(({ name }) => name),
        );
      }

      let reported = -1;
      const progress = (done: number, total: number, what: string) => {
        const progressToken = extra._meta?.progressToken;
        // The progress value must increase with each notification (MCP 2025-11-25, Progress).
        if (progressToken === undefined || done <= reported) return;
        reported = done;
        extra
          .sendNotification({
            method: "notifications/progress",
            params: { progressToken, progress: done, total, message: what },
          })
          .catch(() => {});
      };

      return report(tool, caller, () =>
        calls.run(
          {
            grantId: caller.grant.id,
            name: caller.toCallName(extra.requestId),
            callerSignal: caller.signal,
            hintWhenCutOff: hintWhenCutOff[tool.effect],
          },
          async (signal, whenOver) => {
            if (!mayUse(caller.grant.level, tool))
              throw new AppError("permission_missing", `This connection may not use ${tool.name}.`);
            const input = checkInput(tool, params.arguments ?? {});
            whenOver(await limits.enterCall(caller.grant.id, signal));
            return vault.withMails(caller.grant, signal, (mails) =>
              tool.call(
                input,
                {
                  ...deps.services,
                  ...deps.forGrant(caller.grant),
                  mails,
                  mailFor: (choice) => chooseMail(mails, choice),
                  grant: { id: caller.grant.id, level: caller.grant.level },
                  signal,
                  progress,
                },
                deps.newFence(),
              ),
            );
          },
        ),
      );
    });
    return server;
  };

  /** The translator out: data, foreseen failure or bug, as a result and as one line in the log. */
  async function report(
    tool: Tool,
    caller: Caller,
    work: () => ReturnType<Tool["call"]>,
  ): Promise<CallToolResult> {
    const startedAt = performance.now();
    const fields = () => ({
      requestId: caller.requestId,
      grant: caller.grant.id,
      tool: tool.name,
      effect: tool.effect,
      durationMs: Math.round(performance.now() - startedAt),
    });
    try {
      const { structured, content, audit } = await work();
      log.info("call", { ...fields(), outcome: "done", ...audit });
      return { content, structuredContent: structured };
    } catch (thrown) {
      const error = toStorageError(thrown);
      if (error instanceof AppError) {
        const reason = toReason(error.cause);
        log.info("call", {
          ...fields(),
          outcome: "refused",
          code: error.code,
          ...(reason ? { reason } : {}),
        });
        return toFailure(`${error.message} ${error.hint} (${error.code})`);
      }
      log.error("bug", { ...fields(), error: toErrorFields(error) });
      return toFailure(
        `Something went wrong inside the mail connector; it was noted as ${caller.requestId}.`,
      );
    }
  }
}

/** A call that was cut off may have done its work: what a model should do before it calls again. */
const hintWhenCutOff: Record<Effect, string | undefined> = {
  read: undefined,
  write: "It may have been done in part; look at the mailbox before you call again.",
  destroy: "It may have been done in part; look at the mailbox before you call again.",
  send: "The email may have been sent; look in Sent (search_emails in:sent) before you try again.",
};

function toFailure(text: string): CallToolResult {
  return { isError: true, content: [{ type: "text", text }] };
}
