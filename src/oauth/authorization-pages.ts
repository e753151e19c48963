/** What a person gets to see on the way, and where it ends: each answer as a page or as an address to go to. */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ConnectError } from "../accounts/connect-error.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { AppError } from "../errors.ts";
import { connectPage } from "../pages/connect.tsx";
import type { ConnectForm } from "../pages/connect-form.ts";
import { connectedPage } from "../pages/connected.tsx";
import { noticePage } from "../pages/notice.tsx";
import type { DiscoveredServers, NoticePageProps, Problem } from "../pages/props.ts";
import type { Language } from "../pages/text/language.ts";
import type { Secrets } from "../secrets.ts";
import type { AuthorizationFlow, PendingGrant } from "./authorization-flow.ts";
import { type AuthorizationRequest, sealRequest } from "./authorization-request.ts";
import type { OAuthError } from "./oauth-error.ts";
import { toAnsweredRedirect } from "./redirects.ts";

export type Answer =
  | { html: string; status: ContentfulStatusCode; retryAfterSeconds?: number | undefined }
  | { location: string };

export function createAuthorizationPages(deps: {
  config: Pick<Config, "publicUrl">;
  authorizationFlow: AuthorizationFlow;
  vault: Pick<Vault, "listAccounts">;
  secrets: Secrets;
  clock: Clock;
}) {
  const { config, authorizationFlow, vault, secrets, clock } = deps;

  function notice(
    language: Language,
    kind: NoticePageProps["notice"],
    status: ContentfulStatusCode,
    retryAfterSeconds?: number,
  ): Answer {
    return {
      html: noticePage({ language, notice: kind, retryAfterSeconds }),
      status,
      retryAfterSeconds,
    };
  }

  return {
    notice,

    /** The form, empty or with what was typed and what was wrong with it. A password is never drawn again. */
    form(
      language: Language,
      request: AuthorizationRequest,
      shown: {
        form: ConnectForm;
        problem?: AppError;
        found?: DiscoveredServers;
        pending?: PendingGrant | undefined;
      },
    ): Answer {
      const { form, problem, found, pending } = shown;
      if (pending) authorizationFlow.keepOpen(request, pending.grantId);
      const connected = pending && vault.listAccounts(pending.grantId, pending.dataKey);
      const html = connectPage({
        language,
        redirectHost: request.redirectHost,
        form: { ...form, password: "", request: sealRequest(secrets, clock, request) },
        problem: problem && toProblem(problem),
        found: found ?? (problem instanceof ConnectError ? problem.found : undefined),
        ...(connected ? { connected: connected.map(({ address }) => address) } : {}),
      });
      if (!problem) return { html, status: 200 };
      return { html, status: toFormStatus(problem), retryAfterSeconds: problem.retryAfterSeconds };
    },

    /** Who is connected so far, and whether there is more to come. */
    connected(language: Language, request: AuthorizationRequest, { grantId, dataKey }: PendingGrant): Answer {
      const html = connectedPage({
        language,
        redirectHost: request.redirectHost,
        request: sealRequest(secrets, clock, request),
        accounts: vault.listAccounts(grantId, dataKey),
      });
      return { html, status: 200 };
    },

    /** Back to the client with a code; a notice when this request led to one before. */
    finish(language: Language, request: AuthorizationRequest): Answer {
      const code = authorizationFlow.finish(request, ({ grantId, dataKey, level }) => {
        // Where no mailbox can send, send_email would be offered and never work.
        const canSend = vault.listAccounts(grantId, dataKey).some((account) => account.canSend);
        return level === "send" && !canSend ? "organise" : level;
      });
      if (code === undefined) return notice(language, "request_expired", 400);
      const answer = { code, iss: config.publicUrl };
      return { location: toAnsweredRedirect(request.redirectUri, answer, request.rawState) };
    },

    /** An error goes to the client where its redirect is proven, and to the person where it is not. */
    refuse(language: Language, error: OAuthError): Answer {
      if (error.redirect === undefined) return notice(language, toNotice(error), error.status);
      const answer = { error: error.code, error_description: error.message, iss: config.publicUrl };
      return { location: toAnsweredRedirect(error.redirect.uri, answer, error.redirect.rawState) };
    },

    /** A foreseen failure outside the form. */
    fail(language: Language, { code, status, retryAfterSeconds }: AppError): Answer {
      const kind = code === "rate_limited" ? "rate_limited" : "failed";
      return notice(language, kind, status as ContentfulStatusCode, retryAfterSeconds);
    },
  };
}

function toNotice(error: OAuthError): NoticePageProps["notice"] {
  if (error.code === "invalid_client") return "client_unknown";
  return error.code === "invalid_redirect_uri" ? "redirect_refused" : "request_invalid";
}

/** The form comes again with what to mend: 4xx also where it is the mail server that failed. */
function toFormStatus(error: AppError): ContentfulStatusCode {
  if (error.code === "rate_limited") return 429;
  if (error.code === "storage_full") return 503;
  return error.code === "permission_missing" ? 403 : 400;
}

function toProblem(error: AppError): Problem {
  const { code, retryAfterSeconds } = error;
  if (!(error instanceof ConnectError)) return { code, retryAfterSeconds };
  return { code, retryAfterSeconds, field: error.field, side: error.side, found: error.found };
}
