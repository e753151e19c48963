/** The JSON-RPC messages of a POST, parsed and checked before the SDK sees them. */
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
import { type ClientFeatures, noFeatures, readFeatures } from "./client-features.ts";

/** Maximum number of messages in a batch. Only MCP 2025-03-26 has batches, and no current client sends them. */
const maxBatch = 16;

export type Post = {
  /** The requests, for the transport. */
  requests: JSONRPCRequest[];
  batch: boolean;
  /** True for an initialize request, which opens a session. */
  initialize: boolean;
  /** The features that an initialize request announces; none for any other request. */
  features: ClientFeatures;
  /** JSON-RPC ids of requests that the client cancelled. */
  cancelled: (string | number)[];
};

/** A JSON-RPC error response; `status` is the HTTP status. */
export type JsonRpcRefusal = {
  status: 400 | 403 | 404 | 405;
  code: number;
  message: string;
  data?: Record<string, unknown>;
  id?: string | number | undefined;
};

const notJson: JsonRpcRefusal = { status: 400, code: ErrorCode.ParseError, message: "The body is not JSON." };

const toInvalid = (message: string): JsonRpcRefusal => ({
  status: 400,
  code: ErrorCode.InvalidRequest,
  message,
});

/** Requests validated here, because the SDK answers a malformed one with its parser's own list of issues. */
const validatedRequests: Readonly<Record<string, { schema: z.ZodType; problem: string }>> = {
  initialize: {
    schema: InitializeRequestSchema,
    problem: "initialize takes protocolVersion, capabilities and clientInfo with name and version.",
  },
  "tools/call": {
    schema: CallToolRequestSchema,
    problem: "tools/call takes the name of a tool and an object of arguments.",
  },
};

/** Parses a body, or returns the reason for refusing it. `version` is the value of MCP-Protocol-Version. */
export function readPost(body: string, version: string | undefined): Post | JsonRpcRefusal {
  const parsed = parseMessages(body);
  if ("status" in parsed) return parsed;
  const { messages, batch } = parsed;
  const requests = messages.filter(isRequest).map(withArguments);
  const invalid = findInvalidRequest(requests);
  if (invalid) return invalid;
  const initialize = requests.some(({ method }) => method === "initialize");
  if (initialize && messages.length > 1) return toInvalid("initialize must be sent alone.");
  const unsupported = checkPostVersion(requests, version, initialize);
  if (unsupported) return unsupported;
  return {
    requests,
    batch,
    initialize,
    features: initialize ? readFeatures(requests[0]?.params?.capabilities) : noFeatures,
    cancelled: messages.filter((message) => !("id" in message)).flatMap(toCancelledIds),
  };
}

function parseMessages(body: string): { messages: JSONRPCMessage[]; batch: boolean } | JsonRpcRefusal {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return notJson;
  }
  const batch = Array.isArray(json);
  const list: unknown[] = Array.isArray(json) ? json : [json];
  if (list.length === 0) return toInvalid("The batch is empty.");
  if (list.length > maxBatch)
    return toInvalid(`A batch may hold ${maxBatch} messages; send them one by one.`);
  const messages: JSONRPCMessage[] = [];
  for (const item of list) {
    const message = JSONRPCMessageSchema.safeParse(item);
    if (!message.success) return toInvalid("This is not a JSON-RPC 2.0 message.");
    messages.push(message.data);
  }
  return { messages, batch };
}

/** The SDK's isJSONRPCRequest would parse the message a second time. */
function isRequest(message: JSONRPCMessage): message is JSONRPCRequest {
  return "method" in message && "id" in message;
}

/** Some clients send null for no arguments. */
function withArguments(request: JSONRPCRequest): JSONRPCRequest {
  if (request.method !== "tools/call" || request.params?.arguments !== null) return request;
  return { ...request, params: { ...request.params, arguments: {} } };
}

/** The refusal of repeated ids and of malformed requests. */
function findInvalidRequest(requests: readonly JSONRPCRequest[]): JsonRpcRefusal | undefined {
  if (new Set(requests.map(({ id }) => id)).size < requests.length)
    return toInvalid("Two requests of the batch have the same id.");
  for (const request of requests) {
    const { method, id } = request;
    const validation = Object.hasOwn(validatedRequests, method) ? validatedRequests[method] : undefined;
    if (validation && !validation.schema.safeParse(request).success)
      return { status: 400, code: ErrorCode.InvalidParams, message: validation.problem, id };
  }
  return undefined;
}

/** The version in an MCP-Protocol-Version header. Proxies and some clients repeat it: `2025-11-25, 2025-11-25`. */
export function readProtocolVersion(header: string | undefined): string | undefined {
  const parts = (header ?? "").split(",").map((part) => part.trim());
  const versions = new Set(parts.filter((part) => part !== ""));
  return versions.size === 0 ? undefined : [...versions].join(", ");
}

/** The revision without sessions, which stateless.ts answers. */
export const statelessVersion = "2026-07-28";

/**
 * A request of the revision without sessions: the header names that revision, or one that is not known and the body says
 * in `_meta` that it is such a request, which is then told the known ones. Undefined for any other request: one under
 * the header of an older revision belongs to that one, whatever its body says, and so does a complete initialize.
 */
export function readStateless(body: string, version: string | undefined): StatelessRequest | undefined {
  if (supportsVersion(version)) return undefined;
  try {
    const json: unknown = JSON.parse(body);
    const outline = requestOutline.safeParse(json);
    if (!outline.success || InitializeRequestSchema.safeParse(json).success) return undefined;
    const { id = null, method, params } = outline.data;
    const isEnveloped = params?._meta?.[versionKey] !== undefined;
    if (version !== statelessVersion && !isEnveloped) return undefined;
    return { id, method, tool: params?.name, body: json };
  } catch {
    return undefined;
  }
}

const versionKey = "io.modelcontextprotocol/protocolVersion";

/** A request of the revision without sessions. `tool`: the name that tools/call names. */
export type StatelessRequest = { id: string | number | null; method: string; tool: unknown; body: unknown };

const requestOutline = z.looseObject({
  id: z.union([z.string(), z.number()]).nullish(),
  method: z.string(),
  params: z
    .looseObject({
      name: z.unknown().optional(),
      _meta: z.record(z.string(), z.unknown()).optional().catch(undefined),
    })
    .optional(),
});

export function supportsVersion(version: string | undefined): boolean {
  return version === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(version);
}

/** The refusal of an unsupported MCP-Protocol-Version (MCP 2025-11-25, Transports; its data: MCP 2026-07-28). */
export function refuseVersion(requested: string | undefined, id?: string | number): JsonRpcRefusal {
  const supported = [statelessVersion, ...SUPPORTED_PROTOCOL_VERSIONS];
  return {
    status: 400,
    code: -32000,
    message: `Unsupported protocol version; supported are ${supported.join(", ")}.`,
    data: { supported, requested },
    id,
  };
}

/**
 * Checks the version header of a POST. A client of MCP 2026-07-28 first sends server/discover and falls back to
 * initialize on this refusal. initialize negotiates the version in its body, so its header is ignored.
 */
function checkPostVersion(
  requests: readonly JSONRPCRequest[],
  version: string | undefined,
  initialize: boolean,
): JsonRpcRefusal | undefined {
  const discover = requests.find(({ method }) => method === "server/discover");
  if (discover) return refuseVersion(version, discover.id);
  return initialize || supportsVersion(version) ? undefined : refuseVersion(version, requests[0]?.id);
}

const cancelledNotification = z.object({
  method: z.literal("notifications/cancelled"),
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
});

function toCancelledIds(notification: unknown): (string | number)[] {
  const parsed = cancelledNotification.safeParse(notification);
  return parsed.success ? [parsed.data.params.requestId] : [];
}
