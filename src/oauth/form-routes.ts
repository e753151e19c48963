/** What a person sees on the way: the form, and what comes of sending it. HTML out, or a redirect to the client. */
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Connect, Progress } from "../accounts/connect.ts";
import { ConnectError } from "../accounts/connect-error.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { toStorageError } from "../db/storage-error.ts";
import { AppError } from "../errors.ts";
import { allowSilence, type Door } from "../http/guard.ts";
import type { Limits } from "../http/rate-limit.ts";
import { type Log, toErrorFields } from "../log.ts";
import { connectPage } from "../pages/connect.tsx";
import { type ConnectForm, emptyConnectForm, fieldNames, toConnectForm } from "../pages/connect-form.ts";
import { connectedPage } from "../pages/connected.tsx";
import { pageHeaders } from "../pages/headers.ts";
import { noticePage } from "../pages/notice.tsx";
import type { FoundServers, NoticePageProps, Problem } from "../pages/props.ts";
import { toLanguage } from "../pages/text/language.ts";
import type { Secrets } from "../secrets.ts";
import {
  type AuthorizationRequest,
  checkAuthorizationRequest,
  sealRequest,
  unsealRequest,
} from "./authorize-request.ts";
import { toPeerOf } from "./bearer.ts";
import type { Clients } from "./clients.ts";
import { isForm } from "./fields.ts";
import type { Grants } from "./grants.ts";
import { OAuthError } from "./oauth-error.ts";
import type { PendingGrant } from "./passage.ts";
import { tellProgress, wantsProgress } from "./progress.ts";
import { toAnswer } from "./redirects.ts";

/** Two logins, each with its deadlines, and a discovery before them. */
const loginSeconds = 100;

type Notice = NoticePageProps["notice"];

export function createFormRoutes(deps: {
  config: Config;
  grants: Grants;
  clients: Clients;
  vault: Pick<Vault, "saveAccount" | "listAccounts">;
  connect: Connect;
  secrets: Secrets;
  clock: Clock;
  log: Log;
  limits: Pick<Limits, "spend">;
}) {
  const { config, grants, clients, vault, connect, secrets, clock, log, limits } = deps;
  const { passages } = grants;

  return (
    new Hono<Door>()
      .on("GET", ["/oauth/authorize", "/authorize"], (c) => {
        limits.spend("page", toPeerOf(c, config));
        const request = checkAuthorizationRequest(new URL(c.req.url).search, { clients, config, clock });
        return showForm(c, request, { form: emptyConnectForm("", request.level), status: 200 });
      })
      .post("/oauth/connect", async (c) => {
        limits.spend("page", toPeerOf(c, config));
        if (isCrossSite(c)) return notice(c, "cross_site", 403);
        // A password in a query would stand in every log on the way.
        if (new URL(c.req.url).search !== "") return notice(c, "request_invalid", 400);
        if (!isForm(c)) return notice(c, "request_invalid", 415);
        const fields = await c.req.parseBody();
        const form = toConnectForm(fields);
        const request = unsealRequest(secrets, clock, form.request);
        if (!request || passages.isFinished(request)) return notice(c, "request_expired", 400);
        const pending = passages.findPending(request);
        if (form.next === "add" || form.next === "finish") {
          if (!pending) return notice(c, "request_expired", 400);
          if (form.next === "finish") return finish(c, request);
          return showForm(c, request, { form: emptyConnectForm("", pending.level), status: 200, pending });
        }
        // A form without the choice gets what the client asked for.
        const level = pending?.level ?? (fieldNames.level in fields ? form.level : request.level);
        const filled = { ...form, level };
        if (isQuestion(form)) return showServers(c, request, filled, pending);
        if (!wantsProgress(c)) return connectMailbox(c, request, filled, pending);
        return tellProgress(c, (progress) => connectMailbox(c, request, filled, pending, progress), onError);
      })
      // What the page's script asks while an address is typed; only an open page may.
      .post("/oauth/discover", async (c) => {
        limits.spend("page", toPeerOf(c, config));
        if (isCrossSite(c) || !isForm(c)) return c.json({ error: "invalid_request" }, 400);
        const form = toConnectForm(await c.req.parseBody());
        const request = unsealRequest(secrets, clock, form.request);
        if (!request || passages.isFinished(request)) return c.json({ error: "request_expired" }, 400);
        const { provider, source, imap, smtp } = await connect.findServers(form.address, {
          signal: c.var.arrived.signal,
        });
        c.header("Cache-Control", "no-store");
        return c.json({ provider, source, imap, smtp });
      })
      .get("/oauth/connect", (c) => {
        c.header("Allow", "POST");
        return notice(c, new URL(c.req.url).search === "" ? "request_expired" : "request_invalid", 405);
      })
      .onError(onError)
  );

  function onError(thrown: Error, c: Context<Door>): Response {
    const error = toStorageError(thrown);
    if (error instanceof OAuthError) return refuse(c, error);
    if (error instanceof AppError) {
      if (error.retryAfterSeconds !== undefined) c.header("Retry-After", String(error.retryAfterSeconds));
      const kind = error.code === "rate_limited" ? "rate_limited" : "failed";
      return notice(c, kind, error.status as ContentfulStatusCode, error.retryAfterSeconds);
    }
    log.error("bug", { requestId: c.var.requestId, method: c.req.method, error: toErrorFields(error) });
    return notice(c, "failed", 500);
  }

  /** The form again, with the servers of the address: what a first submit without a password asks for. */
  async function showServers(
    c: Context<Door>,
    request: AuthorizationRequest,
    form: ConnectForm,
    pending: PendingGrant | undefined,
  ): Promise<Response> {
    try {
      const found = await connect.findServers(form.address, { signal: c.var.arrived.signal });
      return showForm(c, request, { form, status: 200, found, pending });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return showForm(c, request, { form, status: toFormStatus(error), problem: error, pending });
    }
  }

  /** Proves what was typed, saves it, and goes on as the person chose. */
  async function connectMailbox(
    c: Context<Door>,
    request: AuthorizationRequest,
    form: ConnectForm,
    before: PendingGrant | undefined,
    progress?: Progress,
  ): Promise<Response> {
    allowSilence(c, loginSeconds);
    try {
      const credentials = await connect.connectAccount(form, {
        signal: c.var.arrived.signal,
        peer: toPeerOf(c, config),
        progress,
      });
      const pending = passages.attach(request, form.level, ({ grantId, dataKey }) =>
        vault.saveAccount(grantId, dataKey, credentials),
      );
      if (!pending) return notice(c, "request_expired", 400);
      log.info("mailbox_connected", { grant: pending.grantId, client: request.clientId });
      return form.next === "go" ? finish(c, request) : showConnected(c, request, pending);
    } catch (thrown) {
      const error = toStorageError(thrown);
      if (!(error instanceof AppError)) throw error;
      log.info("connect_refused", { requestId: c.var.requestId, code: error.code });
      return showForm(c, request, { form, status: toFormStatus(error), problem: error, pending: before });
    }
  }

  function finish(c: Context<Door>, request: AuthorizationRequest): Response {
    const code = passages.finish(request);
    if (code === undefined) return notice(c, "request_expired", 400);
    c.header("Cache-Control", "no-store");
    const answer = { code, iss: config.publicUrl };
    return c.redirect(toAnswer(request.redirectUri, answer, request.rawState), 303);
  }

  function showForm(
    c: Context<Door>,
    request: AuthorizationRequest,
    shown: {
      form: ConnectForm;
      status: ContentfulStatusCode;
      problem?: AppError;
      found?: FoundServers;
      pending?: PendingGrant | undefined;
    },
  ): Response {
    const { form, status, problem, found, pending } = shown;
    if (pending) passages.keepOpen(request, pending.grantId);
    const connected = pending && vault.listAccounts(pending.grantId, pending.dataKey);
    if (problem?.retryAfterSeconds !== undefined) c.header("Retry-After", String(problem.retryAfterSeconds));
    const page = connectPage({
      language: languageOf(c),
      redirectHost: request.redirectHost,
      form: { ...form, password: "", request: sealRequest(secrets, clock, request) },
      problem: problem && toProblem(problem),
      found: found ?? (problem instanceof ConnectError ? problem.found : undefined),
      ...(connected ? { connected: connected.map(({ address }) => address) } : {}),
    });
    return c.body(page, status, pageHeaders);
  }

  function showConnected(
    c: Context<Door>,
    request: AuthorizationRequest,
    { grantId, dataKey }: PendingGrant,
  ): Response {
    const page = connectedPage({
      language: languageOf(c),
      redirectHost: request.redirectHost,
      request: sealRequest(secrets, clock, request),
      accounts: vault.listAccounts(grantId, dataKey),
    });
    return c.body(page, 200, pageHeaders);
  }

  /** To the client where its redirect is proven, to the person where it is not. */
  function refuse(c: Context<Door>, error: OAuthError): Response {
    if (error.redirect === undefined) return notice(c, toNotice(error), error.status);
    const { uri, rawState } = error.redirect;
    const answer = { error: error.code, error_description: error.message, iss: config.publicUrl };
    c.header("Cache-Control", "no-store");
    return c.redirect(toAnswer(uri, answer, rawState), 303);
  }

  function notice(
    c: Context<Door>,
    kind: Notice,
    status: ContentfulStatusCode,
    retryAfterSeconds?: number,
  ): Response {
    const page = noticePage({ language: languageOf(c), notice: kind, retryAfterSeconds });
    return c.body(page, status, pageHeaders);
  }
}

function isCrossSite(c: Context<Door>): boolean {
  const site = c.req.header("Sec-Fetch-Site");
  return site !== undefined && site !== "same-origin" && site !== "none";
}

/** Only an address was typed, on our own page: the person asks what belongs to it. */
function isQuestion({ next, provider, password, address }: ConnectForm): boolean {
  return next === "ask" && provider === "" && password === "" && address !== "";
}

function languageOf(c: Context<Door>) {
  return toLanguage(c.req.header("Accept-Language"));
}

function toNotice(error: OAuthError): Notice {
  if (error.code === "invalid_client") return "client_unknown";
  return error.code === "invalid_redirect_uri" ? "redirect_refused" : "request_invalid";
}

/** The page comes again with what to mend: 4xx also where it is the mail server that failed. */
function toFormStatus(error: AppError): ContentfulStatusCode {
  if (error.code === "rate_limited") return 429;
  return error.code === "permission_missing" ? 403 : 400;
}

function toProblem(error: AppError): Problem {
  const { code, retryAfterSeconds } = error;
  if (!(error instanceof ConnectError)) return { code, retryAfterSeconds };
  return { code, retryAfterSeconds, field: error.field, side: error.side };
}
