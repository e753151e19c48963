/** For whoever runs the server: is it alive, is it ready, and what did it count. No addresses, no grants. */
import { Hono } from "hono";
import type { Clock } from "../clock.ts";
import type { Metrics } from "../metrics.ts";
import { sameSecret } from "../secrets.ts";
import { productVersion } from "../version.ts";
import type { Door } from "./guard.ts";

export type OperatorDeps = {
  metrics: Pick<Metrics, "read">;
  /** Absent: /metrics is not there. */
  metricsToken: string | undefined;
  /** Throws when the database cannot be written. */
  proveWritable(): void;
  clock: Clock;
};

/** Anybody may ask /ready, and each proof is a disk sync: an answer holds for this long. */
const proofHoldsMs = 5_000;

export function createOperatorRoutes({ metrics, metricsToken, proveWritable, clock }: OperatorDeps) {
  let proof = { at: Number.NEGATIVE_INFINITY, writable: false };

  function isWritable(): boolean {
    if (clock.now() - proof.at < proofHoldsMs) return proof.writable;
    try {
      proveWritable();
      proof = { at: clock.now(), writable: true };
    } catch {
      proof = { at: clock.now(), writable: false };
    }
    return proof.writable;
  }

  return new Hono<Door>()
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
