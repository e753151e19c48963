/**
 * The MCP half of the product, on a port or through app.request: its routes, sessions and database, with the tools of
 * the test and grants with fixed tokens. The protocol is tested without mail.
 */
import type { MiddlewareHandler } from "hono";
import { Hono } from "hono";
import type { Vault } from "../../src/accounts/vault.ts";
import type { Clock } from "../../src/clock.ts";
import { openStore } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import type { Level, LiveGrant } from "../../src/grant.ts";
import { type AppEnv, createCors, createGuard, createRequireKnownOrigin } from "../../src/http/guard.ts";
import { createRequireLoopbackHost } from "../../src/http/loopback.ts";
import { createNotFound, createOnError } from "../../src/http/on-error.ts";
import { createLimits, type Limits } from "../../src/http/rate-limit.ts";
import { createSendLog } from "../../src/ledger/send-log.ts";
import { createUndoLog } from "../../src/ledger/undo-log.ts";
import { createDownloads } from "../../src/links/downloads.ts";
import { createLinks } from "../../src/links/links.ts";
import { createUploads } from "../../src/links/uploads.ts";
import { createLog } from "../../src/log.ts";
import type { CardDeps } from "../../src/mcp/approval-card.ts";
import { createCalls } from "../../src/mcp/calls.ts";
import { createExchange } from "../../src/mcp/exchange.ts";
import { createMcpRoutes } from "../../src/mcp/routes.ts";
import { createSessions } from "../../src/mcp/sessions.ts";
import { createStreams } from "../../src/mcp/streams.ts";
import { presets } from "../../src/providers/presets.ts";
import { createSecrets, newKey } from "../../src/secrets.ts";
import type { Tool } from "../../src/tools/define-tool.ts";
import { createFence } from "../../src/tools/fence.ts";
import { createSelections } from "../../src/tools/selections.ts";
import { testHeldActions } from "./held-actions.ts";
import { temporaryFolder } from "./temporary.ts";

export type McpServerKit = Awaited<ReturnType<typeof openMcpServer>>;

const startOfTime = Date.UTC(2026, 0, 1);

/** `tokens` maps each bearer token to the level of its grant, whose id is `grt_<token>`. */
export async function openMcpServer(options: {
  tools: readonly Tool[];
  tokens?: Record<string, Level>;
  callDeadlineMs?: number;
  keepAliveMs?: number;
  /** Bun's idleTimeout, which it checks every four seconds. */
  idleSeconds?: number;
  limits?: Limits;
  /** The content of the cards of approvals. */
  describeCard?: CardDeps["describe"];
  publicUrl?: string;
}) {
  const tokens = options.tokens ?? { mine: "send", theirs: "send" };
  let now = startOfTime;
  const clock: Clock = { now: () => now };
  const lines: string[] = [];
  const log = createLog("debug", (line) => lines.push(line));
  const database = await openStore({ dataDir: temporaryFolder("mcp") });
  const { db } = database;
  for (const [token, level] of Object.entries(tokens))
    await db
      .insert(grants)
      .values({
        id: `grt_${token}`,
        clientId: "test",
        redirectHost: "localhost",
        level,
        state: "live",
        createdAt: now,
        lastUsedAt: now,
        expiresAt: now + 86_400_000,
      })
      .run();

  const requireGrant: MiddlewareHandler<AppEnv & { Variables: { grant: LiveGrant } }> = async (c, next) => {
    const token = c.req.header("Authorization")?.replace(/^Bearer /, "") ?? "";
    const level = tokens[token];
    if (!level) return c.json({ error: "invalid_token" }, 401);
    c.set("grant", {
      id: `grt_${token}`,
      clientId: "test",
      level,
      dataKey: new Uint8Array(32),
      expiresAt: startOfTime + 86_400_000,
    });
    return next();
  };

  const config = {
    publicUrl: options.publicUrl ?? "http://localhost:3000",
    allowedOrigins: [],
    seedOrigins: true,
    requireUserInteraction: false,
  };
  // Wide by default, because most tests are not about rates.
  const wide = { burst: 100_000, everyMs: 1 };
  const limits =
    options.limits ?? createLimits({ clock, hash: (value) => value, rates: { call: wide, message: wide } });
  const sessions = createSessions({ db, clock, idleMs: 30 * 60_000 });
  const streams = createStreams({
    clock,
    ...(options.keepAliveMs === undefined ? {} : { keepAliveMs: options.keepAliveMs }),
  });
  const calls = createCalls(
    options.callDeadlineMs === undefined ? {} : { deadlineMs: options.callDeadlineMs },
  );
  const secrets = createSecrets([newKey()]);
  const sendLog = createSendLog({ db, clock, log });
  const undoLog = createUndoLog({ db, clock, log });
  const links = createLinks({ db, secrets, clock, publicUrl: config.publicUrl, toWrapContext: (id) => id });
  const uploads = createUploads({ db, clock, links });
  const vault = { withAccounts: (_grant, _signal, work) => work([], 0) } as Pick<Vault, "withAccounts">;
  const downloads = createDownloads({ links, vault });
  const heldActions = testHeldActions({ db, secrets, clock });
  const exchange = createExchange({
    config,
    tools: options.tools,
    services: { providers: presets, oneClick: { post: async () => false } },
    forGrant: (grant) => ({
      sendLog: sendLog.forGrant(grant),
      undoLog: undoLog.forGrant(grant),
      uploads: uploads.forGrant(grant),
      downloads: downloads.forGrant(grant),
      selections: createSelections({ grant, clock }),
      approvals: heldActions.forGrant(grant),
      card: { decide: () => Promise.reject(new Error("no card decides here")) },
    }),
    card: { toHtml: () => "<p>card</p>", describe: options.describeCard ?? (async () => undefined) },
    vault,
    calls,
    limits,
    newFence: () => createFence("0123456789abcdef"),
    log,
  });
  const app = new Hono<AppEnv>()
    .onError(createOnError({ log, showPage: (c, { status }) => c.body("", status) }))
    .notFound(createNotFound({ config, showPage: (c) => c.body(null, 404) }))
    .use(createGuard({ log }))
    .use(createRequireLoopbackHost({ config }))
    .use("/mcp", createCors({ config }))
    .route(
      "/",
      createMcpRoutes({
        config,
        requireKnownOrigin: createRequireKnownOrigin({ config }),
        requireGrant,
        sessions,
        streams,
        calls,
        loadExchange: async () => exchange,
        limits,
        cancelElsewhere: async () => {},
        warmUp: { noteCall() {}, offer() {} },
      }),
    );

  let server: Bun.Server<undefined> | undefined;
  return {
    app,
    sessions,
    streams,
    calls,
    /** The lines of the log so far. */
    lines,
    /** Advances the clock, in milliseconds. */
    pass(ms: number): void {
      now += ms;
    },
    /** Sends a request through app.request; a body that is not a string is sent as JSON. */
    request(
      method: string,
      given: {
        token?: string | null;
        session?: string | undefined;
        headers?: Record<string, string>;
        body?: unknown;
      } = {},
    ): Promise<Response> {
      const headers = new Headers({ Host: "localhost", Accept: "application/json, text/event-stream" });
      if (method === "POST") headers.set("Content-Type", "application/json");
      if (given.token !== null) headers.set("Authorization", `Bearer ${given.token ?? "mine"}`);
      if (given.session !== undefined) headers.set("Mcp-Session-Id", given.session);
      for (const [name, value] of Object.entries(given.headers ?? {})) headers.set(name, value);
      const body =
        given.body === undefined || typeof given.body === "string" ? given.body : JSON.stringify(given.body);
      return Promise.resolve(
        app.request("/mcp", { method, headers, ...(body === undefined ? {} : { body }) }, undefined),
      );
    },
    /** Opens a session and returns its id. */
    async initialize(token = "mine"): Promise<string> {
      const response = await this.request("POST", { token, body: initializeMessage });
      const id = response.headers.get("Mcp-Session-Id");
      if (response.status !== 200 || !id) throw new Error(`initialize answered ${response.status}`);
      return id;
    },
    /** Listens on a free port of 127.0.0.1 and returns the URL of /mcp. */
    listen(): string {
      server ??= Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        idleTimeout: options.idleSeconds ?? 10,
        fetch: (request, bun) => app.fetch(request, { server: bun }),
      });
      return `http://localhost:${server.port}/mcp`;
    },
    async close(): Promise<void> {
      streams.close();
      await server?.stop(true);
      await database.close();
    },
  };
}

export const initializeMessage = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};
