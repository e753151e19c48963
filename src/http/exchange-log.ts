/** Logs each HTTP exchange at level debug, once its response is sent: method, route, status, duration and octets. */
import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import type { Log } from "../log.ts";
import type { AppEnv } from "./guard.ts";

/** The middleware must be the first one, so that it sees the whole response. */
export function createExchangeLog({ log }: { log: Log }) {
  return createMiddleware<AppEnv>(async function exchangeLog(c, next) {
    const startedAt = performance.now();
    await next();
    const { method } = c.req;
    const route = routePath(c, -1);
    const { status, body } = c.res;
    const record = (sentOctets: number) =>
      log.debug("exchange", {
        requestId: c.var.requestId,
        method,
        route,
        status,
        durationMs: Math.round(performance.now() - startedAt),
        receivedOctets: Number(c.req.header("Content-Length") ?? 0),
        sentOctets,
      });
    if (body === null) record(0);
    else c.res = new Response(countOctets(body, record), c.res);
  });
}

/** Passes a body on and reports its size at its end, also when the client goes away before that. */
function countOctets(
  body: ReadableStream<Uint8Array>,
  onEnd: (octets: number) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let octets = 0;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
        onEnd(octets);
        return;
      }
      octets += value.byteLength;
      controller.enqueue(value);
    },
    async cancel(reason) {
      onEnd(octets);
      await reader.cancel(reason);
    },
  });
}
