/** The list of all routes, and the responses of each when its dependencies fail. */
import { afterAll, expect, test } from "bun:test";
import type { AccountConnector } from "../../src/accounts/account-connector.ts";
import type { SignInConnector } from "../../src/accounts/sign-in-connector.ts";
import { createApp } from "../../src/app.ts";
import type { Approvals } from "../../src/approvals/approvals.ts";
import type { ConnectionCookies } from "../../src/approvals/connection-cookies.ts";
import type { ConnectionRoutesDeps } from "../../src/approvals/connection-view.ts";
import type { Decide } from "../../src/approvals/decide.ts";
import type { IssuerProof } from "../../src/approvals/issuer-proof.ts";
import type { Passkeys } from "../../src/approvals/passkeys.ts";
import type { PersonCheck } from "../../src/approvals/person-check.ts";
import type { Proofs } from "../../src/approvals/proofs.ts";
import { systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config.ts";
import { openStore } from "../../src/db/open.ts";
import { createLimits } from "../../src/http/rate-limit.ts";
import type { Downloads } from "../../src/links/downloads.ts";
import type { Uploads } from "../../src/links/uploads.ts";
import { createLog } from "../../src/log.ts";
import { createCalls } from "../../src/mcp/calls.ts";
import type { Exchange } from "../../src/mcp/exchange.ts";
import { createSessions } from "../../src/mcp/sessions.ts";
import { createStreams } from "../../src/mcp/streams.ts";
import type { Grants } from "../../src/oauth/grants.ts";
import { createSecrets, newKey } from "../../src/secrets.ts";
import type { SignInFlow } from "../../src/signin/flow.ts";
import { temporaryFolder } from "../support/temporary.ts";

// The dependencies are empty objects: these tests cover the responses of a route even when it fails, not its work.
const database = await openStore({ dataDir: temporaryFolder("routes") });
afterAll(() => database.close());
const { db } = database;
const config = loadConfig({});
const clock = systemClock;
const lines: string[] = [];
const log = createLog("debug", (line) => lines.push(line));
const limits = createLimits({ clock, hash: (value) => value });
const secrets = createSecrets([newKey()]);
const grants = {} as Grants;
const app = createApp({
  config,
  log,
  grants,
  oauth: {
    ...{ config, grants, secrets, clock, log, limits },
    registrationKey: newKey(),
    vault: { saveAccount: async () => true, removeAccount: async () => {}, listAccounts: async () => [] },
    connector: {} as AccountConnector,
    issuers: [],
    signInFlow: {} as SignInFlow,
    signInConnector: {} as SignInConnector,
    answerProof: async (c) => c.body(null, 404),
    client: { id: "id", secret: "secret" },
    rememberBrowser: async () => {},
    hideMailboxes: async () => [],
    passkeys: {} as Passkeys,
  },
  mcp: {
    sessions: createSessions({ db, clock, idleMs: 1_000 }),
    warmUp: { noteCall() {}, offer() {} },
    streams: createStreams({ clock }),
    calls: createCalls(),
    cancelElsewhere: async () => {},
    loadExchange: async () => ({}) as Exchange,
    limits,
  },
  links: { uploads: {} as Uploads, downloads: {} as Downloads, config, limits },
  approvals: {
    issuerProof: {} as IssuerProof,
    ...{ config, limits, clock },
    approvals: {} as Approvals,
    decide: {} as Decide,
    cookies: {} as ConnectionCookies,
    personCheck: {} as PersonCheck,
    passkeys: {} as Passkeys,
    vault: { listAccounts: async () => [], setSignature: async () => true, removeAccount: async () => {} },
    proofs: {} as Proofs,
    access: {} as ConnectionRoutesDeps["access"],
    stores: {} as ConnectionRoutesDeps["stores"],
    undo: async () => true,
    privacy: {} as ConnectionRoutesDeps["privacy"],
    onToolsChanged: () => {},
    addAccount: async (c) => c.body(null, 404),
  },
  operator: {
    metrics: { read: async () => ({ text: "", contentType: "text/plain" }) },
    metricsToken: "token",
    checkWritable: async () => {},
    isDraining: () => false,
    ...{ secrets, clock, trustedProxies: [] },
  },
});

const routes = app.routes
  .filter(({ method, path }) => method !== "ALL" && !path.includes("*"))
  .map(({ method, path }) => `${method} ${path}`);

/** A path that the pattern of a route matches. */
const toPath = (pattern: string) => pattern.replace(/:\w+(\{[^}]*\}\}?)?/g, "a".repeat(64));

test.each([...new Set(routes)])("%s answers with the security headers, also when it fails", async (route) => {
  const [method = "", pattern = ""] = route.split(" ");
  const path = toPath(pattern);
  for (const headers of [
    new Headers(),
    new Headers({ Authorization: "Bearer x", Origin: "https://claude.ai" }),
  ]) {
    const response = await app.request(path, { method, headers });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "strict-transport-security": "max-age=63072000; includeSubDomains",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(response.headers.get("X-Powered-By")).toBeNull();
    // An unexpected error shows the request id only; the stack is in the log.
    const text = await response.text();
    expect(/TypeError|\/src\/|\.ts:\d/.test(text)).toBe(false);
  }
});

test.each([...new Set(routes)])(
  "D05: %s refuses a Host that is not loopback on a loopback server",
  async (route) => {
    const [method = "", pattern = ""] = route.split(" ");
    for (const [Host, refused] of [
      ["evil.test", true],
      ["localhost.evil.test:3000", true],
      ["192.0.2.1", true],
      ["localhost:3000", false],
      ["127.0.0.1:3000", false],
      ["[::1]:3000", false],
    ] as const) {
      const response = await app.request(toPath(pattern), { method, headers: new Headers({ Host }) });
      const isRefused = response.status === 403 && (await response.text()).includes("for this machine only");
      expect([Host, isRefused]).toEqual([Host, refused]);
    }
  },
);

test("Every documented endpoint has a route", () => {
  for (const route of [
    "POST /mcp",
    "GET /mcp",
    "DELETE /mcp",
    "GET /.well-known/oauth-protected-resource",
    "GET /.well-known/oauth-protected-resource/mcp",
    "GET /oauth/meta",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/oauth-authorization-server/mcp",
    "GET /oauth/authorize",
    "GET /authorize",
    "POST /oauth/connect",
    "POST /oauth/token",
    "POST /token",
    "POST /oauth/register",
    "POST /register",
    "POST /oauth/revoke",
    "POST /revoke",
    "GET /health",
    "GET /favicon.ico",
    "GET /favicon.svg",
    "GET /",
  ])
    expect(routes).toContain(route);
});
