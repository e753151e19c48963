/** Routes for the operator: /health, /ready, /metrics and doctor's probe. They show no addresses and no grants. */
import { Hono } from "hono";
import type { Metrics } from "../metrics.ts";
import { sameSecret } from "../secrets.ts";
import { productVersion } from "../version.ts";
import type { AppEnv } from "./guard.ts";
import { createProbeRoutes, type ProbeDeps } from "./probe.ts";

export type OperatorDeps = ProbeDeps & {
  metrics: Pick<Metrics, "read">;
  /** Undefined: /metrics answers 404. */
  metricsToken: string | undefined;
  /** Throws when the database cannot be written. */
  checkWritable(): Promise<void>;
  /** True once the server is about to stop. */
  isDraining(): boolean;
};

/** Time for which a result of `checkWritable` is reused: /ready is public, and each check is a disk sync. */
const checkValidMs = 5_000;

export function createOperatorRoutes(deps: OperatorDeps) {
  const { metrics, metricsToken, checkWritable, clock } = deps;
  let lastCheck = { at: Number.NEGATIVE_INFINITY, writable: false };

  async function isWritable(): Promise<boolean> {
    // The absolute difference, since the clock may have been set back.
    if (Math.abs(clock.now() - lastCheck.at) < checkValidMs) return lastCheck.writable;
    try {
      await checkWritable();
      lastCheck = { at: clock.now(), writable: true };
    } catch {
      lastCheck = { at: clock.now(), writable: false };
    }
    return lastCheck.writable;
  }

  return new Hono<AppEnv>()
    .route("/", createProbeRoutes(deps))
    .get("/health", (c) => c.json({ status: "ok", version: productVersion }))
    .get("/ready", async (c) => {
      if (deps.isDraining()) return c.json({ status: "not_ready", message: "The server is stopping." }, 503);
      return (await isWritable())
        ? c.json({ status: "ready" })
        : c.json({ status: "not_ready", message: "The database cannot be written." }, 503);
    })
    .get("/metrics", async (c) => {
      if (metricsToken === undefined) return c.notFound();
      const [, presented = ""] = /^Bearer (.+)$/i.exec(c.req.header("Authorization") ?? "") ?? [];
      if (!sameSecret(presented, metricsToken))
        return c.text("", 401, { "WWW-Authenticate": 'Bearer realm="metrics"' });
      const { text, contentType } = await metrics.read();
      return c.body(text, 200, { "Content-Type": contentType, "Cache-Control": "no-store" });
    });
}
