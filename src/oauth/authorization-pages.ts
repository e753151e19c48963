/** The pages of the authorization endpoint, and the redirects back to the client. */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ConnectError } from "../accounts/connect-error.ts";
import type { SendingProblem } from "../accounts/sign-in-connector.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { AppError } from "../errors.ts";
import type { Level } from "../grant.ts";
import { createHostList } from "../host-list.ts";
import type { ConnectForm } from "../pages/connect-form.ts";
import { noticePage } from "../pages/notice.tsx";
import type { ConnectPageProps, NoticePageProps, Problem } from "../pages/props.ts";
import type { Language } from "../pages/text/language.ts";
import type { Secrets } from "../secrets.ts";
import { findIssuer } from "../signin/choose-issuer.ts";
import type { Issuer } from "../signin/issuer.ts";
import { SignInError } from "../signin/sign-in-error.ts";
import type { AuthorizationFlow } from "./authorization-flow.ts";
import { type AuthorizationRequest, sealRequest } from "./authorization-request.ts";
import type { OAuthError } from "./oauth-error.ts";
import type { PageResponse } from "./page-response.ts";
import type { PasskeyRegistry } from "./passkey-registry.ts";
import type { PendingGrant, RequestState } from "./pending-grants.ts";
import { toResponseUrl } from "./redirects.ts";

export type AuthorizationPages = ReturnType<typeof createAuthorizationPages>;

export function createAuthorizationPages(deps: {
  config: Pick<Config, "publicUrl" | "operator" | "allowPrivateHosts">;
  authorizationFlow: AuthorizationFlow;
  issuers: readonly Issuer[];
  vault: Pick<Vault, "listAccounts">;
  passkeys: Pick<PasskeyRegistry, "isOffered" | "list">;
  secrets: Secrets;
  clock: Clock;
}) {
  const { config, issuers, authorizationFlow, vault, passkeys, secrets, clock } = deps;
  const { operator } = config;
  const bridgeOpened = createHostList(config.allowPrivateHosts).hasHost("127.0.0.1");

  function notice(
    language: Language,
    kind: NoticePageProps["notice"],
    status: ContentfulStatusCode,
    retryAfterSeconds?: number,
  ): PageResponse {
    return {
      html: noticePage({ language, operator, notice: kind, retryAfterSeconds }),
      status,
      retryAfterSeconds,
    };
  }

  /** Names the redirect URI and the setting that would let it in. */
  function refuseClosed(
    language: Language,
    { closed, refusedRedirectUri, status }: OAuthError,
  ): PageResponse {
    const props = { notice: "client_closed", closed, refusedRedirectUri } as const;
    return { html: noticePage({ language, operator, ...props }), status };
  }

  function refuseRedirect(language: Language, refusedRedirectUri: string, status: 400 | 401): PageResponse {
    const props = { notice: "redirect_refused", refusedRedirectUri } as const;
    return { html: noticePage({ language, operator, ...props }), status };
  }

  return {
    notice,

    /** The notice for a form of a request that is over. */
    over(language: Language, state: RequestState): PageResponse {
      if (state === "connected") return notice(language, "already_connected", 400);
      return notice(language, state === "cancelled" ? "cancelled" : "request_expired", 400);
    },

    /** The notice for a browser that opens a request again after its end. `again`: the query that opens the form. */
    alreadyConnected(
      language: Language,
      { redirectHost }: AuthorizationRequest,
      again: string,
    ): PageResponse {
      const props = { notice: "already_connected", redirectHost, link: `/oauth/authorize${again}` } as const;
      return { html: noticePage({ language, operator, ...props }), status: 200 };
    },

    /** The connect form, empty or with what was entered and its problem; never with the password. */
    async form(
      language: Language,
      request: AuthorizationRequest,
      content: {
        form: ConnectForm;
        problem?: AppError;
        found?: ConnectPageProps["found"];
        pending?: PendingGrant | undefined;
      },
    ): Promise<PageResponse> {
      const { form, problem, found, pending } = content;
      // The new form is valid for another hour, so the pending grant must be, too.
      if (pending) await authorizationFlow.extend(request, pending.grantId);
      const connected = pending && (await vault.listAccounts(pending.grantId, pending.dataKey));
      const { connectPage } = await import("../pages/connect.tsx");
      const html = connectPage({
        language,
        operator,
        redirectHost: request.redirectHost,
        form: { ...form, password: "", request: sealRequest(secrets, clock, request) },
        problem: problem && toProblem(problem),
        found: found ?? (problem instanceof ConnectError ? problem.found : undefined),
        bridgeOpened,
        signIn: toSignInProps(
          issuers,
          form,
          found ?? (problem instanceof ConnectError ? problem.found : undefined),
        ),
        connected: connected?.map(({ address }) => address),
        isExtension: request.extendedGrantId !== undefined,
      });
      if (!problem) return { html, status: 200 };
      return { html, status: toFormStatus(problem), retryAfterSeconds: problem.retryAfterSeconds };
    },

    /** The redirect to the person's own page, from which an account was to be added. */
    async extended(request: AuthorizationRequest): Promise<PageResponse> {
      await authorizationFlow.endExtension(request);
      return { location: request.redirectUri };
    },

    /** The page after a proven login: the connected accounts, and the choice to add another one or to finish. */
    async connected(
      language: Language,
      request: AuthorizationRequest,
      { grantId, dataKey, level }: PendingGrant,
      said: {
        sendingProblem?: SendingProblem | undefined;
        /** The mailboxes that were to be private, and those of them that no account has. */
        privateMailboxes?: readonly string[];
        unknownMailboxes?: readonly string[];
        /** The outcome of registering a passkey. */
        passkey?: "added" | "failed";
      } = {},
    ): Promise<PageResponse> {
      const accounts = await vault.listAccounts(grantId, dataKey);
      const { connectedPage } = await import("../pages/connected.tsx");
      const html = connectedPage({
        language,
        operator,
        redirectHost: request.redirectHost,
        request: sealRequest(secrets, clock, request),
        accounts,
        issuerNames: toIssuerNames(issuers, accounts),
        ...said,
        level: toFinalLevel(level, accounts),
        passkeys: passkeys.isOffered ? (await passkeys.list(grantId)).length : undefined,
        failedGuesses: await authorizationFlow.countFailedGuesses(grantId),
      });
      const isProblem = said.unknownMailboxes !== undefined || said.passkey === "failed";
      return { html, status: isProblem ? 400 : 200 };
    },

    /**
     * The redirect to the client with a code; a notice when the request has no pending grant. `onFinish` is called with
     * the grant that is now live.
     */
    async finish(
      language: Language,
      request: AuthorizationRequest,
      onFinish: (grant: PendingGrant) => Promise<void>,
    ): Promise<PageResponse> {
      let finished: PendingGrant | undefined;
      const code = await authorizationFlow.issueCode(request, async (tx, pending) => {
        const { grantId, dataKey, level } = pending;
        finished = pending;
        return toFinalLevel(level, await vault.listAccounts(grantId, dataKey, tx));
      });
      if (code === undefined || !finished) return notice(language, "request_expired", 400);
      await onFinish(finished);
      const parameters = { code, iss: config.publicUrl };
      return { location: toResponseUrl(request.redirectUri, parameters, request.rawState) };
    },

    /** The redirect to the client after the person refused (RFC 6749 section 4.1.2.1). Nothing of the flow is kept. */
    async cancel(request: AuthorizationRequest): Promise<PageResponse> {
      await authorizationFlow.cancel(request);
      const parameters = {
        error: "access_denied",
        error_description: "The person cancelled.",
        iss: config.publicUrl,
      };
      return { location: toResponseUrl(request.redirectUri, parameters, request.rawState) };
    },

    /** The response to an OAuth error: a redirect to the client, or a notice while no redirect URI is proven. */
    refuse(language: Language, error: OAuthError): PageResponse {
      if (error.closed) return refuseClosed(language, error);
      if (error.refusedRedirectUri !== undefined)
        return refuseRedirect(language, error.refusedRedirectUri, error.status);
      if (error.redirect === undefined) return notice(language, toNotice(error), error.status);
      const parameters = { error: error.code, error_description: error.message, iss: config.publicUrl };
      return { location: toResponseUrl(error.redirect.uri, parameters, error.redirect.rawState) };
    },

    /** The response to an expected failure outside the form. */
    fail(language: Language, { code, status, retryAfterSeconds }: AppError): PageResponse {
      const kind = code === "rate_limited" ? "rate_limited" : "failed";
      return notice(language, kind, status as ContentfulStatusCode, retryAfterSeconds);
    },
  };
}

/** Without an account that can send, the client would be offered a send_email that always fails. */
function toFinalLevel(level: Level, accounts: readonly { canSend: boolean }[]): Level {
  const sends = level === "approve" || level === "send";
  return sends && !accounts.some(({ canSend }) => canSend) ? "organise" : level;
}

/** The issuers of accounts that were all connected by a sign-in; none where a password is among them. */
function toIssuerNames(
  issuers: readonly Issuer[],
  accounts: readonly { issuer?: string | undefined }[],
): string[] {
  if (accounts.some(({ issuer }) => issuer === undefined)) return [];
  return issuers.filter(({ id }) => accounts.some(({ issuer }) => issuer === id)).map(({ name }) => name);
}

/** The issuers of this server, and the one of the entered address. */
function toSignInProps(
  issuers: readonly Issuer[],
  { address, provider }: ConnectForm,
  found: ConnectPageProps["found"],
): ConnectPageProps["signIn"] {
  const toSignInOffer = ({ name, presets: providers, domains, takesPasswords }: Issuer) => ({
    name,
    providers,
    domains,
    takesPasswords,
  });
  const issuer = findIssuer(issuers, { address, chosen: provider, found });
  return { offers: issuers.map(toSignInOffer), offered: issuer && toSignInOffer(issuer) };
}

function toNotice(error: OAuthError): NoticePageProps["notice"] {
  if (error.code === "invalid_client") return "client_unknown";
  return error.code === "invalid_redirect_uri" ? "redirect_refused" : "request_invalid";
}

/** Maps a problem to the status of the form page: 4xx also where the mail server failed. */
function toFormStatus(error: AppError): ContentfulStatusCode {
  if (error.code === "rate_limited") return 429;
  if (error.code === "storage_full" || error.code === "storage_unavailable") return 503;
  return error.code === "permission_missing" ? 403 : 400;
}

function toProblem(error: AppError): Problem {
  const { code, retryAfterSeconds } = error;
  if (error instanceof SignInError) {
    const { reason, issuer, adminConsentUrl } = error;
    return { code, retryAfterSeconds, signIn: { reason, name: issuer.name, adminConsentUrl } };
  }
  if (!(error instanceof ConnectError)) return { code, retryAfterSeconds };
  const { field, side, found, certificates } = error;
  const signIn = error.isSignIn ? ({ reason: "unavailable", name: "" } as const) : undefined;
  return { code, retryAfterSeconds, field, side, found, certificates, signIn };
}
