/**
 * MCP 2026-07-28: every request stands alone, without a session, beside the revisions that begin with initialize. The SDK
 * of this revision answers; it is loaded with the first such request.
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  inputRequired,
  isSpecType,
  Server,
} from "@modelcontextprotocol/server";
import type { LiveGrant } from "../grant.ts";
import { instructions } from "./instructions.ts";
import { announcesUrls } from "./message.ts";
import { toProgress } from "./progress.ts";
import type { ToolAccess } from "./tool-access.ts";
import { toUrlQuestion } from "./url-questions.ts";

/** Time for which a client may keep a list of tools; the level of a grant can change. */
const listTtlMs = 300_000;

type Caller = { grant: LiveGrant; requestId: string; signal: AbortSignal };

/** Answers requests of MCP 2026-07-28. `body` is the parsed body of `request`. */
export type AnswerStateless = (request: Request, body: unknown, caller: Caller) => Promise<Response>;

export function createStatelessExchange(tools: ToolAccess): AnswerStateless {
  const hint = { ttlMs: listTtlMs, cacheScope: "private" } as const;
  const options = {
    capabilities: { tools: {} },
    instructions,
    cacheHints: { "tools/list": hint, "server/discover": hint },
  };

  function createServer({ grant, requestId, signal }: Caller): Server {
    const server = new Server(tools.serverInfo, options);
    server.setRequestHandler("tools/list", () => ({
      // The two SDKs type the same entries differently.
      tools: tools.list(grant).filter((entry) => isSpecType.Tool(entry)),
    }));
    server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
      const result = await tools.call(params.name, {
        grant,
        requestId,
        callerSignal: AbortSignal.any([signal, mcpReq.signal]),
        cancelKey: undefined,
        arguments: params.arguments ?? {},
        progress: toProgress(mcpReq._meta?.progressToken, (notification) => mcpReq.notify(notification)),
      });
      const { envelope, inputResponses } = mcpReq;
      const mayAsk =
        !inputResponses && announcesUrls(Reflect.get(envelope ?? {}, CLIENT_CAPABILITIES_META_KEY));
      const question = mayAsk ? toUrlQuestion(result) : undefined;
      if (!question) return result;
      const { url, message } = question;
      return inputRequired({ inputRequests: { approval: inputRequired.elicitUrl({ url, message }) } });
    });
    return server;
  }

  return async (request, body, caller) => {
    // A handler for each request: what it closes over is the caller's alone.
    const handler = createMcpHandler(() => createServer(caller), { legacy: "reject", maxSubscriptions: 1 });
    return handler.fetch(request, { parsedBody: body });
  };
}
