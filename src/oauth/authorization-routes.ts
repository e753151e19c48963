/** The authorization endpoint (RFC 6749 section 3.1): the client's request, the connect form and its submission. */
import { type Context, Hono } from "hono";
import type { AccountConnector } from "../accounts/account-connector.ts";
import type { SignInConnector } from "../accounts/sign-in-connector.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Level } from "../grant.ts";
import { createBrowserBinding } from "../http/browser-binding.ts";
import type { AppEnv } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import { type Log, toErrorFields } from "../log.ts";
import { emptyConnectForm, fieldNames, toConnectForm, toIntent } from "../pages/connect-form.ts";
import type { Secrets } from "../secrets.ts";
import { findIssuer } from "../signin/choose-issuer.ts";
import type { SignInFlow } from "../signin/flow.ts";
import type { Issuer } from "../signin/issuer.ts";
import { toStorageError } from "../storage-error.ts";
import { createAuthorizationPages } from "./authorization-pages.ts";
import {
  type AuthorizationRequest,
  checkAuthorizationRequest,
  unsealRequest,
} from "./authorization-request.ts";
import type { Clients } from "./clients.ts";
import {
  type ConnectSubmission,
  createConnectSubmissions,
  type HideMailboxes,
  type RememberBrowser,
} from "./connect-submission.ts";
import type { Grants } from "./grants.ts";
import { logRefusedClient, OAuthError } from "./oauth-error.ts";
import {
  languageOf,
  type PageResponse,
  respond,
  respondWithProgress,
  wantsProgress,
} from "./page-response.ts";
import { createPasskeyRegistration } from "./passkey-registration.ts";
import type { PasskeyRegistry } from "./passkey-registry.ts";
import { isFormEncoded, rawQueryOf } from "./request-parameters.ts";
import { type AnswerProof, createSignInSteps } from "./sign-in-steps.ts";

/** Our own parameter of the authorization endpoint: connects once more with a request that has a code already. */
const againParameter = "again";

export function createAuthorizationRoutes(deps: {
  config: Config;
  grants: Grants;
  clients: Clients;
  vault: Pick<Vault, "saveAccount" | "removeAccount" | "listAccounts">;
  connector: Pick<AccountConnector, "connectAccount" | "findServers" | "countFailedGuesses">;
  /** The issuers at which people may sign in to a mailbox. */
  issuers: readonly Issuer[];
  signInFlow: SignInFlow;
  signInConnector: SignInConnector;
  /** Answers the arrival of a proof, which another room has begun. */
  answerProof: AnswerProof;
  secrets: Secrets;
  clock: Clock;
  log: Log;
  limits: Pick<Limits, "consume">;
  rememberBrowser: RememberBrowser;
  hideMailboxes: HideMailboxes;
  passkeys: PasskeyRegistry;
}) {
  const { config, clients, issuers, vault, connector, passkeys, secrets, clock, log, limits } = deps;
  const { authorizationFlow } = deps.grants;
  const pages = createAuthorizationPages({
    config,
    issuers,
    authorizationFlow,
    vault,
    passkeys,
    secrets,
    clock,
  });
  const browsers = createBrowserBinding({ config });
  const signIn = createSignInSteps({ ...deps, flow: deps.signInFlow, authorizationFlow, pages, browsers });
  const passkeyRegistration = createPasskeyRegistration({ authorizationFlow, pages, vault, passkeys });
  const submit = createConnectSubmissions({
    ...{ config, authorizationFlow, pages, connector, vault, issuers, log },
    leaveForIssuer: signIn.leave,
    rememberBrowser: deps.rememberBrowser,
    hideMailboxes: deps.hideMailboxes,
    registerPasskey: passkeyRegistration.register,
  });

  return new Hono<AppEnv>()
    .on("GET", ["/oauth/authorize", "/authorize"], async (c) => {
      await limits.consume("page", identifyPeer(c, config));
      const query = rawQueryOf(c);
      const checked = checkAuthorizationRequest(query, { clients, config });
      const request = { ...checked, browserHash: browsers.identify(c) };
      // A person who goes back after the end would otherwise connect a second time.
      if ((await wasAnswered(c, request)) && !new URLSearchParams(query).has(againParameter))
        return respond(c, pages.alreadyConnected(languageOf(c), request, `${query}&${againParameter}=1`));
      return respond(
        c,
        await pages.form(languageOf(c), request, { form: emptyConnectForm("", toProposedLevel(request)) }),
      );
    })
    .post("/oauth/connect", async (c) => {
      await limits.consume("page", identifyPeer(c, config));
      const submission = refuseSubmission(c) ?? (await readSubmission(c));
      if (!("request" in submission)) return respond(c, submission);
      // Only logins take long enough for their steps to be shown.
      if (!wantsProgress(c) || toIntent(submission.form) !== "connect")
        return respond(c, await submit(c, submission));
      return respondWithProgress(c, (progress) =>
        submit(c, submission, progress).catch((error: unknown) => toErrorPage(c, error)),
      );
    })
    .get("/oauth/connect", (c) => {
      c.header("Allow", "POST");
      // With a query it is a form sent by GET, possibly with a password; without one, a page reloaded after its end.
      const kind = rawQueryOf(c) === "" ? "request_expired" : "request_invalid";
      return respond(c, pages.notice(languageOf(c), kind, 405));
    })
    .get("/sign-in/:issuer", async (c) => {
      await limits.consume("page", identifyPeer(c, config));
      const arrived = await signIn.arrive(c, c.req.param("issuer"));
      return "signIn" in arrived ? deps.answerProof(c, arrived) : respond(c, arrived);
    })
    .post("/oauth/discover", async (c) => {
      await limits.consume("page", identifyPeer(c, config));
      if (refuseSubmission(c)) return c.json({ error: "invalid_request" }, 400);
      const form = toConnectForm(await c.req.parseBody());
      const request = await findRequest(form.request);
      if (!request || !browsers.matches(c, request.browserHash))
        return c.json({ error: "invalid_request" }, 400);
      const found = await connector.findServers(form.address, {
        signal: c.var.arrived.signal,
        peer: identifyPeer(c, config),
      });
      const {
        provider,
        source,
        imap,
        smtp,
        username,
        issuerHost: issuer_host,
        isUncertain: uncertain,
      } = found;
      const sign_in = findIssuer(issuers, { address: form.address, chosen: "", found })?.name;
      const answer = { provider, source, imap, smtp, username, issuer_host, sign_in, uncertain };
      return c.json(answer, 200, { "Cache-Control": "no-store" });
    })
    .post("/oauth/passkey", async (c) => {
      await limits.consume("page", identifyPeer(c, config));
      const request = refuseSubmission(c)
        ? undefined
        : await findRequest(toConnectForm(await c.req.parseBody()).request);
      if (!request || !browsers.matches(c, request.browserHash))
        return c.json({ error: "invalid_request" }, 400);
      return passkeyRegistration.begin(c, request);
    })
    .onError((error, c) => {
      if (c.req.path === "/oauth/discover" || c.req.path === "/oauth/passkey") throw error;
      return respond(c, toErrorPage(c, error));
    });

  /** Tells whether this browser got a code for the request, by any of its ids. */
  async function wasAnswered(c: Context<AppEnv>, request: AuthorizationRequest): Promise<boolean> {
    for (const browserHash of browsers.listHashes(c))
      if (await authorizationFlow.wasAnswered({ ...request, browserHash })) return true;
    return false;
  }

  /** The level that the page preselects: a client that asks for more than reading gets what the person approves. */
  function toProposedLevel({ level }: Pick<AuthorizationRequest, "level">): Level {
    return level === "send" ? "approve" : level;
  }

  /** Refuses what no form of ours sends: cross-site requests, a query, another media type. */
  function refuseSubmission(c: Context<AppEnv>): PageResponse | undefined {
    const language = languageOf(c);
    if (browsers.isForeign(c)) return pages.notice(language, "cross_site", 403);
    // A password in a query would reach the logs of every proxy.
    if (rawQueryOf(c) !== "") return pages.notice(language, "request_invalid", 400);
    return isFormEncoded(c) ? undefined : pages.notice(language, "request_invalid", 415);
  }

  /** Reads a submitted form; a notice when its request is forged, expired, finished, or of another browser. */
  async function readSubmission(c: Context<AppEnv>): Promise<ConnectSubmission | PageResponse> {
    const all = await c.req.parseBody({ all: true });
    const joined = [all[fieldNames.private] ?? []].flat().filter((value) => typeof value === "string");
    // The field may be there once for each mailbox; of any other field that is repeated the last one counts.
    const last = Object.entries(all).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.at(-1) : value,
    ]);
    const fields = { ...Object.fromEntries(last), [fieldNames.private]: joined.join("\n") };
    const form = toConnectForm(fields);
    const request = unsealRequest(secrets, clock, form.request);
    if (!request) return pages.notice(languageOf(c), "request_expired", 400);
    const state = await authorizationFlow.stateOf(request);
    if (state !== "open") return pages.over(languageOf(c), state);
    if (!browsers.matches(c, request.browserHash)) return pages.notice(languageOf(c), "cross_site", 403);
    const pending = await authorizationFlow.findPending(request);
    // The level of a grant is that of its first account; a form without a level gets what the client asked for.
    const level = pending?.level ?? (fieldNames.level in fields ? form.level : request.level);
    return { request, form: { ...form, level }, pending };
  }

  /** Opens the sealed request of a form. Returns undefined when it is forged, expired or finished. */
  async function findRequest(sealed: string): Promise<AuthorizationRequest | undefined> {
    const request = unsealRequest(secrets, clock, sealed);
    return request && (await authorizationFlow.stateOf(request)) === "open" ? request : undefined;
  }

  /** Maps everything thrown by these routes to a page or a redirect. */
  function toErrorPage(c: Context<AppEnv>, thrown: unknown): PageResponse {
    const language = languageOf(c);
    const error = toStorageError(thrown);
    if (error instanceof OAuthError) {
      logRefusedClient(log, error);
      return pages.refuse(language, error);
    }
    if (error instanceof AppError) return pages.fail(language, error);
    log.error("bug", { requestId: c.var.requestId, method: c.req.method, error: toErrorFields(error) });
    return pages.notice(language, "failed", 500);
  }
}
