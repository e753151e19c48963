/** The registration of a passkey on the page after the login: the person has proven themselves there just now. */
import type { Context } from "hono";
import type { Vault } from "../accounts/vault.ts";
import { AppError } from "../errors.ts";
import type { AppEnv } from "../http/guard.ts";
import type { AuthorizationFlow } from "./authorization-flow.ts";
import type { AuthorizationPages } from "./authorization-pages.ts";
import type { AuthorizationRequest } from "./authorization-request.ts";
import type { ConnectSubmission } from "./connect-submission.ts";
import { languageOf, type PageResponse } from "./page-response.ts";
import type { PasskeyOwner, PasskeyRegistry } from "./passkey-registry.ts";
import type { PendingGrant } from "./pending-grants.ts";

export function createPasskeyRegistration(deps: {
  authorizationFlow: Pick<AuthorizationFlow, "findPending">;
  pages: Pick<AuthorizationPages, "connected" | "notice">;
  vault: Pick<Vault, "listAccounts">;
  passkeys: PasskeyRegistry;
}) {
  const { authorizationFlow, pages, vault, passkeys } = deps;
  const toOwner = ({ grantId: id, dataKey }: PendingGrant): PasskeyOwner => ({ id, dataKey });

  return {
    /** Answers with the options for the authenticator. Throws too_large and not_supported. */
    async begin(c: Context<AppEnv>, request: AuthorizationRequest): Promise<Response> {
      const pending = await authorizationFlow.findPending(request);
      // The person's own page registers the passkeys of a live grant.
      if (!pending || request.extendedGrantId !== undefined) return c.json({ error: "invalid_request" }, 400);
      const [account] = await vault.listAccounts(pending.grantId, pending.dataKey);
      const userName = `${account?.address ?? ""} (${request.redirectHost})`;
      const create = await passkeys.beginRegistration(toOwner(pending), userName);
      return c.json({ create }, 200, { "Cache-Control": "no-store" });
    },

    /** Registers a passkey, and draws the page after the login again. */
    async register(c: Context<AppEnv>, { request, form, pending }: ConnectSubmission): Promise<PageResponse> {
      const language = languageOf(c);
      if (!pending) return pages.notice(language, "request_expired", 400);
      const isAdded = await passkeys.register(toOwner(pending), form.passkey).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        return false;
      });
      if (isAdded && form.eachTime) await passkeys.setEachTime(pending.grantId, true);
      const { privateMailboxes } = form;
      return pages.connected(language, request, pending, {
        privateMailboxes,
        passkey: isAdded ? "added" : "failed",
      });
    },
  };
}
