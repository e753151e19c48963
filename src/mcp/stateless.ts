/**
 * MCP 2026-07-28: every request stands alone, without a session, beside the revisions that begin with initialize. The SDK
 * of this revision answers; it is loaded with the first such request.
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  inputRequired,
  isSpecType,
  ResourceNotFoundError,
  Server,
} from "@modelcontextprotocol/server";
import type { LiveGrant } from "../grant.ts";
import { elicitsForms, readAccountAnswer, toAccountQuestion } from "./account-questions.ts";
import { hasCardSecret } from "./approval-card.ts";
import { readFeatures } from "./client-features.ts";
import { instructions } from "./instructions.ts";
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
    capabilities: { tools: {}, resources: {} },
    instructions,
    cacheHints: {
      "tools/list": hint,
      "server/discover": hint,
      "resources/list": hint,
      "resources/templates/list": hint,
      "resources/read": hint,
    },
  };

  function createServer({ grant, requestId, signal }: Caller): Server {
    const server = new Server(tools.serverInfo, options);
    server.setRequestHandler("tools/list", (_, { mcpReq }) => ({
      // The two SDKs type the same entries differently.
      tools: tools
        .list(grant, readFeatures(capabilitiesOf(mcpReq.envelope)))
        .filter((entry) => isSpecType.Tool(entry)),
    }));
    serveCard(server, tools);
    server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
      const capabilities = capabilitiesOf(mcpReq.envelope);
      const features = readFeatures(capabilities);
      const { inputResponses } = mcpReq;
      const state = inputResponses ? readState(mcpReq.requestState<string>()) : {};
      const account = readAccountAnswer(inputResponses) ?? state.account;
      let addresses: readonly string[] = [];
      const call = {
        grant,
        repeated: state.approval,
        requestId,
        callerSignal: AbortSignal.any([signal, mcpReq.signal]),
        cancelKey: undefined,
        arguments: account === undefined ? (params.arguments ?? {}) : { account, ...params.arguments },
        onAmbiguousAccount: (some: readonly string[]) => {
          addresses = some;
        },
        progress: toProgress(mcpReq._meta?.progressToken, (notification) => mcpReq.notify(notification)),
      };
      const result = await tools.call(params.name, call, features);
      if (addresses.length > 0 && !inputResponses && elicitsForms(capabilities))
        return inputRequired({ inputRequests: { account: toAccountQuestion(addresses) } });
      const mayAsk = features.elicitsUrls && !inputResponses?.approval && !hasCardSecret(result);
      const question = mayAsk ? toUrlQuestion(result) : undefined;
      if (!question) return result;
      const { id, url, message } = question;
      const inputRequests = { approval: inputRequired.elicitUrl({ url, message }) };
      // The state may come back changed: it counts for an approval of the same grant and action alone.
      return inputRequired({ inputRequests, requestState: writeState({ approval: id, account }) });
    });
    return server;
  }

  return async (request, body, caller) => {
    // A handler for each request: what it closes over is the caller's alone.
    const handler = createMcpHandler(() => createServer(caller), { legacy: "reject", maxSubscriptions: 1 });
    return handler.fetch(request, { parsedBody: body });
  };
}

/** The client capabilities that a request announces in its envelope. */
const capabilitiesOf = (envelope: object | undefined): unknown =>
  Reflect.get(envelope ?? {}, CLIENT_CAPABILITIES_META_KEY);

/** The state of a repeated call: the approval that was asked about, and the account that the person chose before. */
type CallState = { approval?: string | undefined; account?: string | undefined };

const writeState = ({ approval = "", account }: CallState) =>
  account === undefined ? approval : `${approval} ${account}`;

function readState(state: string | undefined): CallState {
  const [approval, account] = (state ?? "").split(" ");
  return { approval: approval || undefined, account };
}

/** Serves the one resource. */
function serveCard(server: Server, { card }: ToolAccess): void {
  server.setRequestHandler("resources/list", () => ({ resources: [card.resource] }));
  server.setRequestHandler("resources/templates/list", () => ({ resourceTemplates: [] }));
  server.setRequestHandler("resources/read", ({ params }) => {
    const contents = card.read(params.uri);
    if (!contents) throw new ResourceNotFoundError(params.uri);
    return contents;
  });
}
