/**
 * The event streams that clients hold open with GET /mcp. They carry keep-alive comments only, because every answer is
 * sent on its own POST.
 */
import type { Clock } from "../clock.ts";

/** Half of the idle time after which common proxies close a connection. */
const defaultKeepAliveMs = 15_000;

/** Streams of one grant; opening one more ends the oldest. */
const maxStreamsPerGrant = 16;

type Stream = { grantId: string; sessionHash: string; end(): void };

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

  return {
    /**
     * Opens an SSE body that sends its first bytes at once. It ends at `expiresAt` (milliseconds since the epoch),
     * when `signal` fires, or with its session or grant. `onKeepAlive` is called with every keep-alive comment.
     */
    open(owner: {
      grantId: string;
      sessionHash: string;
      expiresAt: number;
      signal: AbortSignal;
      onKeepAlive(): void;
    }): ReadableStream<Uint8Array> {
      const encoder = new TextEncoder();
      const others = [...open].filter((stream) => stream.grantId === owner.grantId);
      const excess = Math.max(0, others.length - maxStreamsPerGrant + 1);
      for (const stream of others.slice(0, excess)) stream.end();
      let onCancel: (() => void) | undefined;
      return new ReadableStream<Uint8Array>({
        start(controller) {
          const stream: Stream = { ...owner, end };
          const timer = setInterval(() => {
            if (clock.now() >= owner.expiresAt) return end();
            owner.onKeepAlive();
            controller.enqueue(encoder.encode(": alive\n\n"));
          }, keepAliveMs);
          function end(): void {
            if (!open.delete(stream)) return;
            clearInterval(timer);
            owner.signal.removeEventListener("abort", end);
            try {
              controller.close();
            } catch {
              // Closed already: the reader cancelled the stream.
            }
          }
          open.add(stream);
          onCancel = end;
          owner.signal.addEventListener("abort", end);
          // Bun sends the response headers together with the first bytes of the body.
          controller.enqueue(encoder.encode(": open\n\n"));
        },
        cancel() {
          onCancel?.();
        },
      });
    },

    closeSession: (sessionHash: string) => endWhere((stream) => stream.sessionHash === sessionHash),
    closeGrant: (grantId: string) => endWhere((stream) => stream.grantId === grantId),
    /** Ends all streams. */
    close: () => endWhere(() => true),
    count: () => open.size,
  };
}
