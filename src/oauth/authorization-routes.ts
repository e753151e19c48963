/** The passage of a person by URL: the request of a client, the form, and what comes of sending it. */
import { type Context, Hono } from "hono";
import type { Connect, Progress } from "../accounts/connect.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { type AppEnv, extendIdleTimeout } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import { type Log, toErrorFields } from "../log.ts";
import { type ConnectForm, emptyConnectForm, fieldNames, toConnectForm } from "../pages/connect-form.ts";
import { pageHeaders } from "../pages/headers.ts";
import { toLanguage } from "../pages/text/language.ts";
import type { Secrets } from "../secrets.ts";
import { toStorageError } from "../storage-error.ts";
import { type Answer, createAuthorizationPages } from "./authorization-pages.ts";
import {
  type AuthorizationRequest,
  checkAuthorizationRequest,
  unsealRequest,
} from "./authorization-request.ts";
import type { Clients } from "./clients.ts";
import type { Grants } from "./grants.ts";
import { OAuthError } from "./oauth-error.ts";
import { isForm, searchOf } from "./request-parameters.ts";

/** Two logins, each with its deadlines, and a discovery before them. */
const loginSeconds = 100;

/** What a page with a script asks for: the steps as they happen, one JSON value a line, the last one the answer. */
const stepsType = "application/x-ndjson";

export function createAuthorizationRoutes(deps: {
  config: Config;
  grants: Grants;
  clients: Clients;
  vault: Pick<Vault, "saveAccount" | "listAccounts">;
  connect: Pick<Connect, "connectAccount" | "findServers">;
  secrets: Secrets;
  clock: Clock;
  log: Log;
  limits: Pick<Limits, "consume">;
}) {
  const { config, clients, vault, connect, secrets, clock, log, limits } = deps;
  const { authorizationFlow } = deps.grants;
  const pages = createAuthorizationPages({ config, authorizationFlow, vault, secrets, clock });

  return new Hono<AppEnv>()
    .on("GET", ["/oauth/authorize", "/authorize"], (c) => {
      limits.consume("page", identifyPeer(c, config));
      const request = checkAuthorizationRequest(searchOf(c), { clients, config });
      return respond(c, pages.form(languageOf(c), request, { form: emptyConnectForm("", request.level) }));
    })
    .post("/oauth/connect", async (c) => {
      limits.consume("page", identifyPeer(c, config));
      const language = languageOf(c);
      const refused = refuseSubmission(c);
      if (refused) return respond(c, refused);
      const fields = await c.req.parseBody();
      const form = toConnectForm(fields);
      const request = findRequest(form.request);
      if (!request) return respond(c, pages.notice(language, "request_expired", 400));

      const pending = authorizationFlow.findPending(request);
      if (form.next === "add" || form.next === "finish") {
        if (!pending) return respond(c, pages.notice(language, "request_expired", 400));
        if (form.next === "finish") return respond(c, pages.finish(language, request));
        const empty = emptyConnectForm("", pending.level);
        return respond(c, pages.form(language, request, { form: empty, pending }));
      }

      extendIdleTimeout(c, loginSeconds);
      // A form without the choice gets what the client asked for; the level of a grant is its first account's.
      const level = pending?.level ?? (fieldNames.level in fields ? form.level : request.level);
      if (isQuestion(form)) return respond(c, await showServers(c, request, { ...form, level }));
      const work = (progress?: Progress) => connectMailbox(c, request, { ...form, level }, progress);
      return c.req.header("Accept") === stepsType ? streamSteps(c, work) : respond(c, await work());
    })
    .get("/oauth/connect", (c) => {
      c.header("Allow", "POST");
      // A form sent by GET has a password in its address; a page reloaded after its end has none.
      const kind = searchOf(c) === "" ? "request_expired" : "request_invalid";
      return respond(c, pages.notice(languageOf(c), kind, 405));
    })
    .post("/oauth/discover", async (c) => {
      limits.consume("page", identifyPeer(c, config));
      if (refuseSubmission(c)) return c.json({ error: "invalid_request" }, 400);
      const form = toConnectForm(await c.req.parseBody());
      if (!findRequest(form.request)) return c.json({ error: "invalid_request" }, 400);
      const { provider, source, imap, smtp, username } = await connect.findServers(form.address, {
        signal: c.var.arrived.signal,
      });
      return c.json({ provider, source, imap, smtp, username }, 200, { "Cache-Control": "no-store" });
    })
    .onError((error, c) => {
      if (c.req.path === "/oauth/discover") throw error;
      return respond(c, toAnswer(c, error));
    });

  /** What no form of ours would send. */
  function refuseSubmission(c: Context<AppEnv>): Answer | undefined {
    const language = languageOf(c);
    const site = c.req.header("Sec-Fetch-Site");
    if (site !== undefined && site !== "same-origin" && site !== "none")
      return pages.notice(language, "cross_site", 403);
    // A password in a query would stand in every log on the way.
    if (searchOf(c) !== "") return pages.notice(language, "request_invalid", 400);
    return isForm(c) ? undefined : pages.notice(language, "request_invalid", 415);
  }

  /** The request of a form, unless it is forged, expired or finished. */
  function findRequest(sealed: string): AuthorizationRequest | undefined {
    const request = unsealRequest(secrets, clock, sealed);
    return request && !authorizationFlow.isFinished(request) ? request : undefined;
  }

  /** The form again, with the servers of the address. */
  async function showServers(
    c: Context<AppEnv>,
    request: AuthorizationRequest,
    form: ConnectForm,
  ): Promise<Answer> {
    const shown = { form, pending: authorizationFlow.findPending(request) };
    try {
      const found = await connect.findServers(form.address, { signal: c.var.arrived.signal });
      return pages.form(languageOf(c), request, { ...shown, found });
    } catch (problem) {
      if (!(problem instanceof AppError)) throw problem;
      return pages.form(languageOf(c), request, { ...shown, problem });
    }
  }

  /** Proves what was typed, saves it, and goes on as the person chose. */
  async function connectMailbox(
    c: Context<AppEnv>,
    request: AuthorizationRequest,
    form: ConnectForm,
    progress?: Progress,
  ): Promise<Answer> {
    const language = languageOf(c);
    try {
      const credentials = await connect.connectAccount(form, {
        signal: c.var.arrived.signal,
        peer: identifyPeer(c, config),
        progress,
      });
      const pending = authorizationFlow.attach(request, form.level, ({ grantId, dataKey }) =>
        vault.saveAccount(grantId, dataKey, credentials),
      );
      if (!pending) return pages.notice(language, "request_expired", 400);
      log.info("mailbox_connected", { grant: pending.grantId, client: request.clientId });
      if (form.next === "go") return pages.finish(language, request);
      return pages.connected(language, request, pending);
    } catch (thrown) {
      const problem = toStorageError(thrown);
      if (!(problem instanceof AppError)) throw problem;
      log.info("connect_refused", { requestId: c.var.requestId, code: problem.code });
      return pages.form(language, request, {
        form,
        problem,
        pending: authorizationFlow.findPending(request),
      });
    }
  }

  function streamSteps(c: Context<AppEnv>, work: (progress: Progress) => Promise<Answer>): Response {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    // Whoever went away is told nothing more; the login itself ends by the request's own signal.
    const tell = (event: unknown) =>
      writer.write(encoder.encode(`${JSON.stringify(event)}\n`)).catch(() => undefined);
    const run = async () => {
      const answer = await work((step) => void tell({ step })).catch((error) => toAnswer(c, error));
      await tell("location" in answer ? { location: answer.location } : { html: answer.html });
      await writer.close().catch(() => undefined);
    };
    void run();
    return c.body(readable, 200, {
      "Content-Type": stepsType,
      "Cache-Control": "no-store",
      // nginx would hold the steps back until the last.
      "X-Accel-Buffering": "no",
    });
  }

  /** The one translation of what was thrown on a person's way. */
  function toAnswer(c: Context<AppEnv>, thrown: unknown): Answer {
    const language = languageOf(c);
    const error = toStorageError(thrown);
    if (error instanceof OAuthError) return pages.refuse(language, error);
    if (error instanceof AppError) return pages.fail(language, error);
    log.error("bug", { requestId: c.var.requestId, method: c.req.method, error: toErrorFields(error) });
    return pages.notice(language, "failed", 500);
  }
}

function respond(c: Context<AppEnv>, answer: Answer): Response {
  if ("location" in answer) {
    c.header("Cache-Control", "no-store");
    return c.redirect(answer.location, 303);
  }
  if (answer.retryAfterSeconds !== undefined) c.header("Retry-After", String(answer.retryAfterSeconds));
  return c.body(answer.html, answer.status, pageHeaders);
}

/** On our page somebody typed an address and nothing else: they ask what belongs to it, as one has to without script. */
function isQuestion({ next, provider, password, address }: ConnectForm): boolean {
  return next === "ask" && provider === "" && password === "" && address !== "";
}

function languageOf(c: Context<AppEnv>) {
  return toLanguage(c.req.header("Accept-Language"));
}
