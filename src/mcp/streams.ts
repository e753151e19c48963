/**
 * The event streams that clients hold open with GET /mcp. They carry keep-alive comments, and the notifications that the
 * list of tools has changed and that a person has decided; every answer is sent on its own POST.
 */
import type { Clock } from "../clock.ts";

/** Half of the idle time after which common proxies close a connection. */
const defaultKeepAliveMs = 15_000;

/** Streams of one grant; opening one more ends the oldest. */
const maxStreamsPerGrant = 16;

type Stream = { grantId: string; sessionHash: string; write(text: string): void; end(): void };

/** MCP 2025-11-25, Tools, List Changed Notification. */
const toolsChanged = { jsonrpc: "2.0", method: "notifications/tools/list_changed" };

type StreamOwner = {
  grantId: string;
  sessionHash: string;
  /** When the bearer token expires, in milliseconds since the epoch. */
  expiresAt: number;
  /** Aborted when the caller disconnects. */
  signal: AbortSignal;
  /** Called with every keep-alive comment. */
  onKeepAlive(): void;
};

export type Streams = ReturnType<typeof createStreams>;

export function createStreams({
  clock,
  keepAliveMs = defaultKeepAliveMs,
}: {
  clock: Clock;
  keepAliveMs?: number;
}) {
  const open = new Set<Stream>();

  function endWhere(matches: (stream: Stream) => boolean): void {
    for (const stream of [...open]) if (matches(stream)) stream.end();
  }

  function notify(grantId: string, notification: object): void {
    for (const stream of open)
      if (stream.grantId === grantId)
        stream.write(`event: message\ndata: ${JSON.stringify(notification)}\n\n`);
  }

  return {
    /** Opens an SSE body. It ends when the token expires, the caller disconnects, or its session or grant ends. */
    open(owner: StreamOwner): ReadableStream<Uint8Array> {
      const { grantId, sessionHash } = owner;
      const others = [...open].filter((stream) => stream.grantId === grantId);
      const excess = Math.max(0, others.length - maxStreamsPerGrant + 1);
      for (const stream of others.slice(0, excess)) stream.end();
      const onEnd = () => open.delete(stream);
      const { body, write, end } = createKeepAliveBody(owner, { clock, keepAliveMs, onEnd });
      const stream: Stream = { grantId, sessionHash, write, end };
      open.add(stream);
      return body;
    },

    /** Tells the clients of a grant that the list of its tools has changed. */
    notifyToolsChanged: (grantId: string) => notify(grantId, toolsChanged),

    /**
     * Tells the client of a grant, which may wait for it since it showed the URL, that the person has decided on an
     * approval. A client ignores what it has not asked about (MCP 2025-11-25, Elicitation, Completion Notifications).
     */
    notifyDecided: (grantId: string, approvalId: string) =>
      notify(grantId, {
        jsonrpc: "2.0",
        method: "notifications/elicitation/complete",
        params: { elicitationId: approvalId },
      }),

    closeSession: (sessionHash: string) => endWhere((stream) => stream.sessionHash === sessionHash),
    closeGrant: (grantId: string) => endWhere((stream) => stream.grantId === grantId),
    /** Ends all streams. */
    close: () => endWhere(() => true),
    count: () => open.size,
  };
}

/** An SSE body of comments: one at once, because Bun sends the headers with the first bytes, then one per interval. */
function createKeepAliveBody(
  owner: StreamOwner,
  { clock, keepAliveMs, onEnd }: { clock: Clock; keepAliveMs: number; onEnd(): void },
): { body: ReadableStream<Uint8Array>; write(text: string): void; end(): void } {
  const encoder = new TextEncoder();
  let end = () => {};
  let write = (_text: string) => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let ended = false;
      const timer = setInterval(() => {
        if (clock.now() >= owner.expiresAt) return end();
        owner.onKeepAlive();
        controller.enqueue(encoder.encode(": alive\n\n"));
      }, keepAliveMs);
      end = () => {
        if (ended) return;
        ended = true;
        clearInterval(timer);
        owner.signal.removeEventListener("abort", end);
        onEnd();
        try {
          controller.close();
        } catch {
          // Closed already: the reader cancelled the stream.
        }
      };
      write = (text) => {
        if (!ended) controller.enqueue(encoder.encode(text));
      };
      owner.signal.addEventListener("abort", end);
      controller.enqueue(encoder.encode(": open\n\n"));
    },
    cancel: () => end(),
  });
  return { body, write, end };
}
