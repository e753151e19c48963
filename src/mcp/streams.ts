/**
 * The streams that clients hold open with GET /mcp. Nothing is sent on them yet but signs of life, since every
 * answer goes out on its own POST; what matters is that they open at once, stay open, and end when they must.
 */
import type { Clock } from "../clock.ts";

/** Half of what usual proxies bear in silence. */
const usualKeepAliveMs = 15_000;

/** A client that forgets its streams loses the oldest. */
const maxPerGrant = 16;

type Stream = { grantId: string; sessionHash: string; end(): void };

export type Streams = ReturnType<typeof createStreams>;

export function createStreams({
  clock,
  keepAliveMs = usualKeepAliveMs,
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
     * An SSE body whose first bytes leave at once. It ends at `expiresAt` (milliseconds since the epoch), when the
     * caller goes away (`signal`), or by one of the closers below. `onAlive` is called at every sign of life.
     */
    open(owner: {
      grantId: string;
      sessionHash: string;
      expiresAt: number;
      signal: AbortSignal;
      onAlive(): void;
    }): ReadableStream<Uint8Array> {
      const encoder = new TextEncoder();
      const mine = [...open].filter((stream) => stream.grantId === owner.grantId);
      for (const stream of mine.slice(0, Math.max(0, mine.length - maxPerGrant + 1))) stream.end();
      let finish: (() => void) | undefined;
      return new ReadableStream<Uint8Array>({
        start(controller) {
          const stream: Stream = { ...owner, end };
          const timer = setInterval(() => {
            if (clock.now() >= owner.expiresAt) return end();
            owner.onAlive();
            controller.enqueue(encoder.encode(": alive\n\n"));
          }, keepAliveMs);
          function end(): void {
            if (!open.delete(stream)) return;
            clearInterval(timer);
            owner.signal.removeEventListener("abort", end);
            try {
              controller.close();
            } catch {
              // The caller cancelled first, which closed it.
            }
          }
          open.add(stream);
          finish = end;
          owner.signal.addEventListener("abort", end);
          // Bun sends the response's headers with the first bytes of its body.
          controller.enqueue(encoder.encode(": open\n\n"));
        },
        cancel() {
          finish?.();
        },
      });
    },

    /** Ends what a session holds: deleted. */
    closeSession: (sessionHash: string) => endWhere((stream) => stream.sessionHash === sessionHash),
    /** Ends what a grant holds: revoked, replayed, expired. */
    closeGrant: (grantId: string) => endWhere((stream) => stream.grantId === grantId),
    /** Ends all; for the process's end. */
    close: () => endWhere(() => true),
    count: () => open.size,
  };
}
