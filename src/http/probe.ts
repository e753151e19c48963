/**
 * What `doctor` asks through the front door: what of a request arrives here, and whether an answer streams. Open
 * only to who holds the server key: the request carries a time sealed with it. Under /mcp, because that is the path
 * a proxy must not buffer.
 */
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import type { Clock } from "../clock.ts";
import type { Secrets } from "../secrets.ts";
import type { AppEnv } from "./guard.ts";
import { toPeerOf } from "./peer.ts";

export const probePath = "/mcp/probe";
export const probeHeader = "X-Probe";

const purpose = "probe";
const lifetimeMs = 60_000;
/** Between the two halves of the stream: what arrives together was held back on the way. */
export const probePauseMs = 400;

/** What arrived. */
export type ProbeAnswer = {
  peer: string;
  proxied: boolean;
  proto: string | undefined;
  host: string;
  bytes: number;
};

/** The header's value, for a minute from now. */
export function sealProbe(secrets: Secrets, clock: Clock): string {
  return secrets.sealValue(purpose, clock.now());
}

export type ProbeDeps = { secrets: Secrets; clock: Clock; trustedProxies: readonly string[] };

export function createProbeRoutes({ secrets, clock, trustedProxies }: ProbeDeps) {
  const requireProbe = createMiddleware<AppEnv>(async function requireProbe(c, next) {
    if (!isFresh(c.req.header(probeHeader) ?? "")) return c.notFound();
    await next();
  });

  function isFresh(sealed: string): boolean {
    try {
      const at = secrets.unsealValue(purpose, sealed);
      return typeof at === "number" && Math.abs(clock.now() - at) < lifetimeMs;
    } catch {
      return false;
    }
  }

  return new Hono<AppEnv>()
    .post(probePath, requireProbe, async (c) => {
      const answer: ProbeAnswer = {
        peer: toPeerOf(c, { trustedProxies }),
        proxied: c.req.header("X-Forwarded-For") !== undefined,
        proto: c.req.header("X-Forwarded-Proto"),
        host: c.req.header("Host") ?? "",
        bytes: (await c.req.arrayBuffer()).byteLength,
      };
      return c.json(answer);
    })
    .get(probePath, requireProbe, (c) => {
      const encoder = new TextEncoder();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(encoder.encode(": first\n\n"));
          timer = setTimeout(() => {
            controller.enqueue(encoder.encode(": second\n\n"));
            controller.close();
          }, probePauseMs);
        },
        cancel: () => clearTimeout(timer),
      });
      return c.body(body, 200, {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",
      });
    });
}
