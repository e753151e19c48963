/** What a POST carries: JSON-RPC messages, read and sorted before the SDK sees any of them. */
import {
  CallToolRequestSchema,
  ErrorCode,
  InitializeRequestSchema,
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  type JSONRPCRequest,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";

/** Batches were part of MCP 2025-03-26 alone; no client of today sends them, so few messages are enough. */
const maxBatch = 16;

export type Post = {
  /** What the transport gets: the requests, one or a small batch. */
  requests: JSONRPCRequest[];
  batch: boolean;
  /** True for an initialize request, which opens a session. */
  initialize: boolean;
  /** JSON-RPC ids that the caller gave up. */
  cancelled: (string | number)[];
};

/** A refusal as JSON-RPC puts it; `status` is HTTP's. */
export type Refusal = { status: 400 | 403 | 404 | 405; code: number; message: string; id?: string | number };

const parseError: Refusal = { status: 400, code: ErrorCode.ParseError, message: "The body is not JSON." };

const invalid = (message: string): Refusal => ({ status: 400, code: ErrorCode.InvalidRequest, message });

/** Requests whose shape is judged here: the SDK would answer a malformed one with its parser's own list of faults. */
const shaped: Readonly<Record<string, { shape: z.ZodType; takes: string }>> = {
  initialize: {
    shape: InitializeRequestSchema,
    takes: "initialize takes protocolVersion, capabilities and clientInfo with name and version.",
  },
  "tools/call": {
    shape: CallToolRequestSchema,
    takes: "tools/call takes the name of a tool and an object of arguments.",
  },
};

/** The body read and sorted, or why it is refused. `version` is the MCP-Protocol-Version header. */
export function readPost(body: string, version: string | undefined): Post | Refusal {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return parseError;
  }
  const batch = Array.isArray(json);
  const list: unknown[] = Array.isArray(json) ? json : [json];
  if (list.length === 0) return invalid("The batch is empty.");
  if (list.length > maxBatch) return invalid(`A batch may hold ${maxBatch} messages; send them one by one.`);

  const messages: JSONRPCMessage[] = [];
  for (const item of list) {
    const parsed = JSONRPCMessageSchema.safeParse(item);
    if (!parsed.success) return invalid("This is not a JSON-RPC 2.0 message.");
    messages.push(parsed.data);
  }
  const requests = messages.filter(isRequest).map(withArguments);
  if (new Set(requests.map(({ id }) => id)).size < requests.length)
    return invalid("Two requests of the batch have the same id.");

  for (const request of requests) {
    const judge = Object.hasOwn(shaped, request.method) ? shaped[request.method] : undefined;
    if (judge && !judge.shape.safeParse(request).success)
      return { status: 400, code: ErrorCode.InvalidParams, message: judge.takes, id: request.id };
  }

  const initialize = requests.some(({ method }) => method === "initialize");
  if (initialize && messages.length > 1) return invalid("initialize comes alone.");
  const refusal = refuseVersion(requests, version, initialize);
  if (refusal) return refusal;
  return {
    requests,
    batch,
    initialize,
    cancelled: messages.filter((message) => !("id" in message)).flatMap(toCancelledId),
  };
}

/** The SDK's own question parses the whole message once more; it is parsed already. */
function isRequest(message: JSONRPCMessage): message is JSONRPCRequest {
  return "method" in message && "id" in message;
}

/** Some clients say null for no arguments. */
function withArguments(request: JSONRPCRequest): JSONRPCRequest {
  if (request.method !== "tools/call" || request.params?.arguments !== null) return request;
  return { ...request, params: { ...request.params, arguments: {} } };
}

/** `2025-11-25, 2025-11-25`, as proxies and some clients send it, is `2025-11-25`. */
export function readVersion(header: string | undefined): string | undefined {
  const parts = (header ?? "").split(",").map((part) => part.trim());
  const versions = new Set(parts.filter((part) => part !== ""));
  return versions.size === 0 ? undefined : [...versions].join(", ");
}

export function supportsVersion(version: string | undefined): boolean {
  return version === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(version);
}

export const unsupportedVersion = (id?: string | number): Refusal => ({
  status: 400,
  code: -32000,
  message: `Unsupported protocol version; supported are ${SUPPORTED_PROTOCOL_VERSIONS.join(", ")}.`,
  ...(id === undefined ? {} : { id }),
});

/**
 * A client of MCP 2026-07-28 asks server/discover first and falls back to initialize on this refusal. initialize
 * itself negotiates in its body, so its header does not matter.
 */
function refuseVersion(requests: JSONRPCRequest[], version: string | undefined, opening: boolean) {
  const discover = requests.find(({ method }) => method === "server/discover");
  if (discover) return unsupportedVersion(discover.id);
  return opening || supportsVersion(version) ? undefined : unsupportedVersion(requests[0]?.id);
}

const cancelledNotification = z.object({
  method: z.literal("notifications/cancelled"),
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
});

function toCancelledId(notification: unknown): (string | number)[] {
  const parsed = cancelledNotification.safeParse(notification);
  return parsed.success ? [parsed.data.params.requestId] : [];
}
