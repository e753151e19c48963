/** Adding an account to a live grant, from the person's own page, by the connect form. */
import type { Context } from "hono";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import { createBrowserBinding } from "../http/browser-binding.ts";
import type { AppEnv } from "../http/guard.ts";
import { emptyConnectForm } from "../pages/connect-form.ts";
import { newToken, type Secrets } from "../secrets.ts";
import type { Issuer } from "../signin/issuer.ts";
import type { AuthorizationFlow } from "./authorization-flow.ts";
import { createAuthorizationPages } from "./authorization-pages.ts";
import type { AuthorizationRequest } from "./authorization-request.ts";
import { languageOf, respond } from "./page-response.ts";
import type { PasskeyRegistry } from "./passkey-registry.ts";

export function createAccountExtension(deps: {
  config: Config;
  authorizationFlow: AuthorizationFlow;
  issuers: readonly Issuer[];
  vault: Pick<Vault, "listAccounts">;
  passkeys: PasskeyRegistry;
  secrets: Secrets;
  clock: Clock;
}) {
  const { config, authorizationFlow } = deps;
  const pages = createAuthorizationPages(deps);
  const browsers = createBrowserBinding({ config });

  /**
   * Answers with the connect form for another account. The request is ours: it ends on the page of the grant, is used
   * once, within an hour, and by the same browser. The caller has proven the person.
   */
  return async function addAccount(
    c: Context<AppEnv>,
    grant: LiveGrant,
    redirectHost: string,
  ): Promise<Response> {
    const request: AuthorizationRequest = {
      secret: newToken(),
      clientId: grant.clientId,
      // Relative: the server may be known here by another name than its public one.
      redirectUri: `/connection/${grant.id}`,
      redirectHost,
      codeChallenge: "",
      level: grant.level === "read" ? "read" : "send",
      browserHash: browsers.identify(c),
      extendedGrantId: grant.id,
    };
    await authorizationFlow.openExtension(request, grant);
    const pending = { grantId: grant.id, level: grant.level, dataKey: grant.dataKey };
    const form = emptyConnectForm("", grant.level);
    return respond(c, await pages.form(languageOf(c), request, { form, pending }));
  };
}
