/** The operator's view of a running server: /health, /ready, /metrics, doctor's probe and the log. */
import { describe, expect, test } from "bun:test";
import { version } from "../../package.json";
import { createOperatorRoutes } from "../../src/http/operator.ts";
import { probeHeader, probePath, sealProbe } from "../../src/http/probe.ts";
import { createMetrics } from "../../src/metrics.ts";
import { createSecrets, newKey } from "../../src/secrets.ts";
import { connectMailbox } from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { connectPersonByForm } from "../support/person.ts";
import { withProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

const METRICS_TOKEN = "a-token-for-metrics-0123456789";
const withToken = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

describe("The operator's routes", () => {
  test("/health reports the version, /ready that the database is writable", async () => {
    await withProduct({}, async ({ url }) => {
      expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok", version });
      expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: "ready" });
    });
  });

  test("/metrics answers 404 without METRICS_TOKEN in the settings, and 401 without the right token", async () => {
    await withProduct({}, async ({ url }) => {
      expect((await fetch(`${url}/metrics`, withToken(METRICS_TOKEN))).status).toBe(404);
    });
    await withProduct({ settings: { METRICS_TOKEN } }, async ({ url }) => {
      expect((await fetch(`${url}/metrics`)).status).toBe(401);
      expect((await fetch(`${url}/metrics`, withToken(`${METRICS_TOKEN}x`))).status).toBe(401);
      // A method invented by a caller is not a label of its own.
      await fetch(`${url}/mcp`, { method: "PROPFIND" });
      const metrics = await fetch(`${url}/metrics`, withToken(METRICS_TOKEN));
      expect(metrics.status).toBe(200);
      expect(metrics.headers.get("Content-Type")).toStartWith("text/plain; version=0.0.4");
      expect(await metrics.text()).toContain('requests_total{method="other",route="/mcp",status="401"} 1\n');
    });
  });

  test("the probe of doctor answers 404 without the seal of the server key", async () => {
    await withProduct({}, async ({ url }) => {
      for (const method of ["GET", "POST"]) {
        expect((await fetch(`${url}/mcp/probe`, { method })).status).toBe(404);
        const forged = await fetch(`${url}/mcp/probe`, { method, headers: { "X-Probe": "AAAA" } });
        expect(forged.status).toBe(404);
      }
    });
  });
});

describe("The public routes that use the disk or the key", () => {
  const clock = createTestClock();
  const secrets = createSecrets([newKey()]);
  let checks = 0;
  let full = false;
  let draining = false;
  const routes = createOperatorRoutes({
    ...{ metrics: createMetrics(), metricsToken: undefined, trustedProxies: [], secrets, clock },
    isDraining: () => draining,
    async checkWritable() {
      checks += 1;
      if (full) throw new Error("disk full");
    },
  });

  test("/ready is 503 while the server leaves, and 200 again for one that does not", async () => {
    draining = true;
    const leaving = await routes.request("/ready");
    expect([leaving.status, await leaving.json()]).toEqual([
      503,
      { status: "not_ready", message: "The server is stopping." },
    ]);
    draining = false;
    expect((await routes.request("/health")).status).toBe(200);
  });

  test("/ready writes to the disk at most once in five seconds, and answers 503 when it cannot", async () => {
    for (let count = 0; count < 20; count++) expect((await routes.request("/ready")).status).toBe(200);
    expect(checks).toBe(1);
    full = true;
    clock.advance(4_999);
    expect((await routes.request("/ready")).status).toBe(200);
    clock.advance(1);
    for (let count = 0; count < 20; count++) expect((await routes.request("/ready")).status).toBe(503);
    expect(checks).toBe(2);
    full = false;
    // The clock is set back, as by NTP after a start.
    clock.advance(-3_600_000);
    expect((await routes.request("/ready")).status).toBe(200);
  });

  test("the probe accepts a seal of the server key for a minute, and no seal of another key", async () => {
    const ask = async (headers: Record<string, string>) =>
      (await routes.request(probePath, { method: "POST", headers, body: "four" })).status;
    const sealed = sealProbe(secrets, clock);
    clock.advance(59_999);
    expect(await ask({ [probeHeader]: sealed })).toBe(200);
    clock.advance(1);
    expect(await ask({ [probeHeader]: sealed })).toBe(404);
    expect(await ask({ [probeHeader]: sealProbe(createSecrets([newKey()]), clock) })).toBe(404);
  });
});

describeMail("After several calls", () => {
  test("the metrics count calls by tool and outcome, durations, logins and requests, and contain no personal data", async () => {
    await withProduct({ settings: { METRICS_TOKEN } }, async (product) => {
      const user = await (await mailServer()).newUser();
      // Through the form, whose logins and requests are counted.
      const tokens = await connectMailbox(product, user);
      const client = await openClient(product, tokens.accessToken);
      await client.call("list_mailboxes");
      await client.call("list_mailboxes");
      await client.try("get_email", { id: "no-such-id" });
      const text = await (await fetch(`${product.url}/metrics`, withToken(METRICS_TOKEN))).text();
      const value = (name: string) =>
        Number(
          text
            .split("\n")
            .find((line) => line.startsWith(`${name} `))
            ?.split(" ")
            .at(-1),
        );
      expect(value('email_connector_tool_calls_total{tool="list_mailboxes",outcome="done"}')).toBe(2);
      expect(value('email_connector_tool_calls_total{tool="get_email",outcome="invalid_input"}')).toBe(1);
      expect(value('email_connector_tool_call_seconds_count{tool="list_mailboxes"}')).toBe(2);
      expect(value('email_connector_mail_logins_total{protocol="imap",outcome="done"}')).toBe(2);
      expect(value('email_connector_mail_logins_total{protocol="smtp",outcome="done"}')).toBe(1);
      expect(value('email_connector_requests_total{method="POST",route="/oauth/token",status="200"}')).toBe(
        1,
      );
      expect(value("email_connector_imap_connections")).toBe(1);
      for (const secret of [user.address, user.password, tokens.accessToken, "grt_"])
        expect(text).not.toContain(secret);
      await client.close();
    });
  });

  test("the log has the error code of a refused request", async () => {
    await withProduct({}, async ({ url, logged }) => {
      await fetch(`${url}/oauth/authorize?client_id=nobody&state=a-state`);
      await fetch(`${url}/oauth/token`, { method: "POST", body: new URLSearchParams({ code: "a-code" }) });
      await fetch(`${url}/oauth/register`, { method: "POST", body: "{" });
      const lines = logged.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.filter(({ event }) => event === "request")).toMatchObject([
        { route: "/oauth/authorize", status: 401, code: "invalid_client" },
        { route: "/oauth/token", status: 401, code: "invalid_client" },
        { route: "/oauth/register", status: 400, code: "invalid_client_metadata" },
      ]);
      expect(logged.join("")).not.toMatch(/nobody|a-state|a-code/);
    });
  });

  test("the log has one line per request and per tool call, with request id, grant, duration and outcome", async () => {
    await withProduct({}, async (product) => {
      const { client } = await connectPersonByForm(product);
      const before = product.logged.length;
      await client.call("list_mailboxes");
      await client.try("get_email", { id: "no-such-id" });
      await client.close();
      const lines = product.logged.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
      const calls = lines.filter(({ event }) => event === "call");
      expect(calls).toMatchObject([
        { tool: "list_mailboxes", outcome: "done" },
        { tool: "get_email", outcome: "refused", code: "invalid_input" },
      ]);
      for (const call of calls) {
        const request = lines.find(
          ({ event, requestId }) => event === "request" && requestId === call.requestId,
        );
        expect(request).toMatchObject({ method: "POST", route: "/mcp", status: 200 });
        expect(String(call.time)).toMatch(/^\d{4}-\d\d-\d\dT/);
        expect(String(call.requestId)).toMatch(/^[0-9a-f-]{36}$/);
        expect(String(call.grant)).toMatch(/^grt_[0-9a-f]{32}$/);
        expect([typeof call.durationMs, typeof request?.durationMs]).toEqual(["number", "number"]);
      }
    });
  });
});
