/** The steps of connecting an account by a sign-in at its issuer: leaving for it, and coming back (RFC 6749 section 4.1). */
import type { Context } from "hono";
import { logSignInFailure } from "../accounts/access-tokens.ts";
import type { AccountConnector } from "../accounts/account-connector.ts";
import { ConnectError } from "../accounts/connect-error.ts";
import type { SignInConnector } from "../accounts/sign-in-connector.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { BrowserBinding } from "../http/browser-binding.ts";
import { type AppEnv, extendIdleTimeout } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Log } from "../log.ts";
import { emptyConnectForm } from "../pages/connect-form.ts";
import type { Secrets } from "../secrets.ts";
import { findIssuer } from "../signin/choose-issuer.ts";
import type { Arrival, ProofArrival, SignInFlow } from "../signin/flow.ts";
import type { Issuer } from "../signin/issuer.ts";
import { SignInError } from "../signin/sign-in-error.ts";
import type { SignIn } from "../signin/sign-ins.ts";
import { toStorageError } from "../storage-error.ts";
import type { AuthorizationFlow, SaveAccount } from "./authorization-flow.ts";
import type { AuthorizationPages } from "./authorization-pages.ts";
import { sealRequest, unsealRequest } from "./authorization-request.ts";
import type { ConnectSubmission } from "./connect-submission.ts";
import { languageOf, type PageResponse } from "./page-response.ts";
import { rawQueryOf } from "./request-parameters.ts";

/** Maximum duration of an arrival in seconds: the code is redeemed, and two logins follow. */
const arrivalSeconds = 90;

type Landed = Exclude<Arrival, { refused: unknown }>;
/** An arrival for a connect form. */
type ConnectArrival = Landed & { signIn: Extract<SignIn, { kind: "connect" | "add" }> };
/** Answers the arrival of a proof. */
export type AnswerProof = (c: Context<AppEnv>, arrival: ProofArrival) => Promise<Response>;

export function createSignInSteps(deps: {
  config: Pick<Config, "trustedProxies">;
  issuers: readonly Issuer[];
  flow: SignInFlow;
  signInConnector: SignInConnector;
  connector: Pick<AccountConnector, "findServers" | "countFailedGuesses">;
  authorizationFlow: AuthorizationFlow;
  pages: AuthorizationPages;
  browsers: BrowserBinding;
  vault: Pick<Vault, "saveAccount">;
  secrets: Secrets;
  clock: Clock;
  log: Log;
}) {
  const { config, issuers, flow, signInConnector, connector, authorizationFlow, pages, vault } = deps;
  const { secrets, clock, log } = deps;

  /** Redirects to the issuer of the entered address; draws the form again when there is none. */
  async function leave(
    c: Context<AppEnv>,
    { request, form, pending }: ConnectSubmission,
  ): Promise<PageResponse> {
    try {
      const address = signInConnector.requireAddress(form.address);
      const found =
        form.provider === ""
          ? await connector.findServers(address, {
              signal: c.var.arrived.signal,
              peer: identifyPeer(c, config),
            })
          : undefined;
      const issuer = findIssuer(issuers, { address, chosen: form.provider, found });
      if (!issuer) throw noIssuer(found);
      if (pending) await authorizationFlow.extend(request, pending.grantId);
      const location = await flow.leave(issuer, {
        kind: pending ? "add" : "connect",
        address,
        browserHash: request.browserHash,
        request: sealRequest(secrets, clock, request),
        provider: toProvider(issuer, found?.provider ?? form.provider),
        level: form.level,
        asksForNewPeople: form.asksForNewPeople,
      });
      return { location };
    } catch (problem) {
      if (!(problem instanceof AppError)) throw problem;
      if (problem instanceof SignInError) logSignInFailure(log, problem, { requestId: c.var.requestId });
      return pages.form(languageOf(c), request, { form, pending, problem });
    }
  }

  /** Proves the login, saves the account and shows what is connected; never goes straight on to the client. */
  async function connect(c: Context<AppEnv>, arrival: ConnectArrival): Promise<PageResponse> {
    const { issuer, signIn } = arrival;
    const language = languageOf(c);
    const request = unsealRequest(secrets, clock, signIn.request);
    if (!request) return pages.notice(language, "request_expired", 400);
    const state = await authorizationFlow.stateOf(request);
    if (state !== "open") return pages.over(language, state);
    const { address, provider, level, asksForNewPeople } = signIn;
    try {
      const { credentials, sendingProblem } = await signInConnector.connect(
        issuer,
        await arrival.redeem(),
        { address, provider, level },
        { signal: c.var.arrived.signal, peer: identifyPeer(c, config) },
      );
      const save: SaveAccount = async (tx, { grantId, dataKey }) => {
        if (await vault.saveAccount(tx, grantId, dataKey, credentials))
          await authorizationFlow.addFailedGuesses(tx, grantId, connector.countFailedGuesses(credentials));
      };
      const pending = await authorizationFlow.attachAccount(request, level, save, asksForNewPeople);
      if (!pending) return pages.over(language, await authorizationFlow.stateOf(request));
      log.info("mailbox_connected", {
        grant: pending.grantId,
        client: request.clientId,
        issuer: issuer.id,
      });
      if (request.extendedGrantId !== undefined) return await pages.extended(request);
      return await pages.connected(language, request, pending, { sendingProblem });
    } catch (thrown) {
      const problem = toStorageError(thrown);
      if (!(problem instanceof AppError)) throw problem;
      if (problem instanceof SignInError) logSignInFailure(log, problem, { requestId: c.var.requestId });
      else log.info("connect_refused", { requestId: c.var.requestId, code: problem.code });
      const form = {
        ...emptyConnectForm("", level),
        asksForNewPeople,
        address,
        provider: issuer.presets.find((id) => id === provider) ?? "",
      };
      const pending = await authorizationFlow.findPending(request);
      return pages.form(language, request, { form, problem, pending });
    }
  }

  return {
    leave,

    /** Answers the redirect from an issuer. The arrival of a proof is returned: another room answers it. */
    async arrive(c: Context<AppEnv>, issuerId: string): Promise<PageResponse | ProofArrival> {
      const language = languageOf(c);
      const arrival = await flow.arrive(issuerId, rawQueryOf(c), (hash) => deps.browsers.isSame(c, hash));
      if ("refused" in arrival) {
        if (arrival.refused === "no_issuer") return pages.notice(language, "not_found", 404);
        return arrival.refused === "unknown"
          ? pages.notice(language, "sign_in_unknown", 400)
          : pages.notice(language, "sign_in_other_browser", 403);
      }
      extendIdleTimeout(c, arrivalSeconds);
      const { signIn } = arrival;
      return signIn.kind === "prove" ? { ...arrival, signIn } : connect(c, { ...arrival, signIn });
    },
  };
}

/** The preset of the mailbox decides who files sent mail; that of an unknown company is the issuer's first. */
function toProvider({ presets }: Issuer, provider: string): string {
  return presets.find((id) => id === provider) ?? presets[0] ?? "generic";
}

function noIssuer(found: ConnectError["found"]): ConnectError {
  return new ConnectError("not_supported", "This server has no sign-in for this address.", {
    field: "address",
    found,
    isSignIn: true,
  });
}
