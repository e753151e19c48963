/**
 * The endpoint that `doctor` calls from outside, to see which parts of a request reach the server and whether a
 * response streams. Only holders of the server key can call it: the request carries the current time, sealed with
 * that key. It is under /mcp because that is the path a proxy must not buffer.
 */
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import type { Clock } from "../clock.ts";
import type { Secrets } from "../secrets.ts";
import type { AppEnv } from "./guard.ts";
import { identifyPeer } from "./peer.ts";

export const probePath = "/mcp/probe";
export const probeHeader = "X-Probe";

const sealPurpose = "probe";
const lifetimeMs = 60_000;
/** Pause between the two events of the stream. Events that arrive closer together were buffered on the way. */
export const probePauseMs = 400;

/** The request as it reached the server. `bytes` is the length of the body. */
export type ProbeReport = {
  peer: string;
  host: string;
  bytes: number;
};

/** Returns a value for the probe header that is valid for a minute. */
export function sealProbe(secrets: Secrets, clock: Clock): string {
  return secrets.sealValue(sealPurpose, clock.now());
}

export type ProbeDeps = { secrets: Secrets; clock: Clock; trustedProxies: readonly string[] };

export function createProbeRoutes({ secrets, clock, trustedProxies }: ProbeDeps) {
  const requireProbe = createMiddleware<AppEnv>(async function requireProbe(c, next) {
    if (!isFresh(c.req.header(probeHeader) ?? "")) return c.notFound();
    await next();
  });

  function isFresh(sealed: string): boolean {
    try {
      const at = secrets.unsealValue(sealPurpose, sealed);
      return typeof at === "number" && Math.abs(clock.now() - at) < lifetimeMs;
    } catch {
      return false;
    }
  }

  return new Hono<AppEnv>()
    .post(probePath, requireProbe, async (c) => {
      const report: ProbeReport = {
        peer: identifyPeer(c, { trustedProxies }),
        host: c.req.header("Host") ?? "",
        bytes: (await c.req.arrayBuffer()).byteLength,
      };
      return c.json(report);
    })
    .get(probePath, requireProbe, (c) =>
      c.body(createPausedStream(), 200, {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",
      }),
    );
}

/** Two comments of an event stream, `probePauseMs` apart. */
function createPausedStream(): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(": first\n\n"));
      timer = setTimeout(() => {
        controller.enqueue(encoder.encode(": second\n\n"));
        controller.close();
      }, probePauseMs);
    },
    cancel: () => clearTimeout(timer),
  });
}
