/** The HTTP benchmark: throughput and latency of the server on one core, compared with a bare one with the same tools. */
import autocannon from "autocannon";
import { connectMailbox, type Entrance } from "../test/support/authorize.ts";
import { mailServer } from "../test/support/mail-server.ts";
import { openClient } from "../test/support/mcp-client.ts";
import { startServer } from "./processes.ts";
import { short, toTable } from "./table.ts";

const message = (method: string) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: {} });

type Load = { url: string; body?: string; headers?: Record<string, string> };

/** Measures requests per second and latencies under 16 connections. Throws when a response is not 200. */
async function measureLoad({ url, body, headers = {} }: Load, seconds: number) {
  const result = await autocannon({
    url,
    connections: 16,
    duration: seconds,
    method: body === undefined ? "GET" : "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body,
  });
  if (result.non2xx + result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refusals, ${result.errors} errors`);
  return { perSecond: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 };
}

/** Opens a session of a new user. Returns the headers of its requests. */
async function openSession(product: Entrance): Promise<Record<string, string>> {
  const { accessToken } = await connectMailbox(product, await (await mailServer()).newUser());
  const client = await openClient(product, accessToken);
  const headers = {
    authorization: `Bearer ${accessToken}`,
    "mcp-session-id": client.transport.sessionId ?? "",
    "mcp-protocol-version": "2025-11-25",
  };
  await client.close();
  return headers;
}

/** Alternates between the servers, so that changes in machine load affect all alike. Reports each one's best round. */
export async function benchHttp(
  seconds: number,
  rounds: number,
  report: (line: string) => void,
): Promise<string> {
  const [bare, product] = [await startServer("bare-server.ts"), await startServer("server.ts")];
  const headers = await openSession(product);
  const loads: Record<string, Load> = {
    "bare Hono route, JSON": { url: `${bare.url}/json` },
    "bare @hono/mcp, tools/list": { url: `${bare.url}/mcp`, body: message("tools/list") },
    "email-connector, tools/list": { url: `${product.url}/mcp`, body: message("tools/list"), headers },
    "bare @hono/mcp, ping": { url: `${bare.url}/mcp`, body: message("ping") },
    "email-connector, ping": { url: `${product.url}/mcp`, body: message("ping"), headers },
    "email-connector, /health": { url: `${product.url}/health` },
  };
  const best = new Map<string, Awaited<ReturnType<typeof measureLoad>>>();
  for (let round = 0; round <= rounds; round += 1)
    for (const [name, load] of Object.entries(loads)) {
      const result = await measureLoad(load, round === 0 ? 1 : seconds);
      // The first round only warms up.
      if (round > 0 && result.perSecond > (best.get(name)?.perSecond ?? 0)) best.set(name, result);
      report(`${name}: ${Math.round(result.perSecond)}/s`);
    }
  await Promise.all([bare.stop(), product.stop()]);
  const rate = (name: string) => best.get(name)?.perSecond ?? Number.NaN;
  const relativeRate = (name: string) =>
    /^email-connector, (tools|ping)/.test(name)
      ? short(rate(name) / rate(name.replace("email-connector", "bare @hono/mcp")))
      : "–";
  return toTable(
    ["requests of 16 connections", "per second", "p50 ms", "p99 ms", "share of bare @hono/mcp"],
    [...best].map(([name, { perSecond, p50, p99 }]) => [
      name,
      Math.round(perSecond),
      p50,
      p99,
      relativeRate(name),
    ]),
  );
}
