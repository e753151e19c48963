/** For whoever runs the server: is it alive, is it ready, and what did it count. No addresses, no grants. */
import { Hono } from "hono";
import type { Metrics } from "../metrics.ts";
import { sameSecret } from "../secrets.ts";
import { productVersion } from "../version.ts";
import type { AppEnv } from "./guard.ts";
import { createProbeRoutes, type ProbeDeps } from "./probe.ts";

export type OperatorDeps = ProbeDeps & {
  metrics: Pick<Metrics, "read">;
  /** Absent: /metrics is not there. */
  metricsToken: string | undefined;
  /** Throws when the database cannot be written. */
  proveWritable(): void;
};

/** Anybody may ask /ready, and each proof is a disk sync: an answer holds for this long. */
const proofHoldsMs = 5_000;

export function createOperatorRoutes(deps: OperatorDeps) {
  const { metrics, metricsToken, proveWritable, clock } = deps;
  let proof = { at: Number.NEGATIVE_INFINITY, writable: false };

  function isWritable(): boolean {
    // Also when the clock was set back.
    if (Math.abs(clock.now() - proof.at) < proofHoldsMs) return proof.writable;
    try {
      proveWritable();
      proof = { at: clock.now(), writable: true };
    } catch {
      proof = { at: clock.now(), writable: false };
    }
    return proof.writable;
  }

  return new Hono<AppEnv>()
    .route("/", createProbeRoutes(deps))
    .get("/health", (c) => c.json({ status: "ok", version: productVersion }))
    .get("/ready", (c) =>
      isWritable()
        ? c.json({ status: "ready" })
        : c.json({ status: "not_ready", message: "The database cannot be written." }, 503),
    )
    .get("/metrics", async (c) => {
      if (metricsToken === undefined) return c.notFound();
      const [, presented = ""] = /^Bearer (.+)$/i.exec(c.req.header("Authorization") ?? "") ?? [];
      if (!sameSecret(presented, metricsToken))
        return c.text("", 401, { "WWW-Authenticate": 'Bearer realm="metrics"' });
      const { text, contentType } = await metrics.read();
      return c.body(text, 200, { "Content-Type": contentType, "Cache-Control": "no-store" });
    });
}
