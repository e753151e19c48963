/** One tools/call of a revision up to 2025-11-25: runs the tool, and asks the client to show a URL where that helps. */
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/sdk/types.js";
import type { LiveGrant } from "../grant.ts";
import type { ToolContext } from "../tools/context.ts";
import { hasCardSecret } from "./approval-card.ts";
import type { ClientFeatures } from "./client-features.ts";
import type { Post } from "./message.ts";
import type { ToolAccess } from "./tool-access.ts";
import { createUrlQuestions } from "./url-questions.ts";

/** The caller of one request. */
export type RequestCaller = {
  grant: LiveGrant;
  requestId: string;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
  /** The features that the client's session announced; none without a session. */
  features: ClientFeatures;
  /** The key by which a cancellation finds the call of a JSON-RPC id; undefined without a session. */
  toCancelKey(id: string | number): string | undefined;
};

type CallRequest = {
  /** The id of the JSON-RPC request. */
  id: string | number;
  name: string;
  arguments: Record<string, unknown> | undefined;
  progress: ToolContext["progress"];
};

export type CallTool = ReturnType<typeof createCallTool>;

export function createCallTool(tools: ToolAccess) {
  const questions = createUrlQuestions();

  /** Throws protocol errors, with `code` and maybe `data`; any other failure is a result. */
  return async function callTool(
    request: CallRequest,
    { grant, requestId, signal, features, toCancelKey }: RequestCaller,
  ): Promise<CallToolResult> {
    const asked = { grantId: grant.id, name: request.name, arguments: request.arguments };
    const call = {
      grant,
      repeated: features.elicitsUrls ? questions.takeRepeated(asked) : undefined,
      requestId,
      callerSignal: signal,
      cancelKey: toCancelKey(request.id),
      arguments: request.arguments ?? {},
      progress: request.progress,
    };
    const result = await tools.call(request.name, call, features);
    const asksByUrl = features.elicitsUrls && !hasCardSecret(result);
    const question = asksByUrl ? questions.toAsk(result, asked) : undefined;
    // Error -32042: the client shows the URL and repeats the call, which then answers what was decided.
    if (question)
      throw new UrlElicitationRequiredError([
        { mode: "url", elicitationId: question.id, url: question.url, message: question.message },
      ]);
    return result;
  };
}

/** The call of a body that holds nothing else, which needs neither the SDK's server nor its transport. */
type SingleCall = Omit<CallRequest, "progress">;

/** Finds the call of a body with one request, whose parameters are checked; undefined for any other body. */
export function toSingleCall({ requests, batch }: Post): SingleCall | undefined {
  const [request] = requests;
  // Task-augmented calls are not offered; the SDK refuses them.
  if (batch || request?.method !== "tools/call" || request.params?.task !== undefined) return undefined;
  // Parsed once more, since this drops what the SDK's server would drop.
  const parsed = CallToolRequestSchema.safeParse(request);
  if (!parsed.success) return undefined;
  const { name, arguments: given } = parsed.data.params;
  return { id: request.id, name, arguments: given };
}

/** Answers a single call with one JSON-RPC response, the same that the SDK's server would give. */
export async function answerSingleCall(
  callTool: CallTool,
  call: SingleCall,
  caller: RequestCaller,
): Promise<Record<string, unknown>> {
  const { id } = call;
  try {
    const result = await callTool({ ...call, progress: () => {} }, caller);
    return { jsonrpc: "2.0", id, result };
  } catch (thrown) {
    const { code, message, data } = toErrorMembers(thrown);
    return { jsonrpc: "2.0", id, error: { code, message, data } };
  }
}

function toErrorMembers(thrown: unknown): { code: number; message: string; data?: unknown } {
  if (!(thrown instanceof Error)) return { code: ErrorCode.InternalError, message: "Internal error" };
  const code = "code" in thrown && Number.isSafeInteger(thrown.code) ? Number(thrown.code) : undefined;
  return {
    code: code ?? ErrorCode.InternalError,
    message: thrown.message,
    data: "data" in thrown ? thrown.data : undefined,
  };
}
