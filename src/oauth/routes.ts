/** The OAuth authorization server by URL. The aliases at the root are for clients that found no metadata. */
import { Hono } from "hono";
import type { AccountConnector } from "../accounts/account-connector.ts";
import type { SignInConnector } from "../accounts/sign-in-connector.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { AppEnv } from "../http/guard.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Log } from "../log.ts";
import type { Secrets } from "../secrets.ts";
import type { SignInFlow } from "../signin/flow.ts";
import type { Issuer } from "../signin/issuer.ts";
import { createAuthorizationRoutes } from "./authorization-routes.ts";
import { createClients } from "./clients.ts";
import type { HideMailboxes, RememberBrowser } from "./connect-submission.ts";
import type { Grants } from "./grants.ts";
import { toResourceMetadata, toServerMetadata } from "./metadata.ts";
import type { PasskeyRegistry } from "./passkey-registry.ts";
import type { AnswerProof } from "./sign-in-steps.ts";
import { createTokenRoutes } from "./token-routes.ts";

export type OAuthDeps = {
  config: Config;
  grants: Grants;
  vault: Pick<Vault, "saveAccount" | "removeAccount" | "listAccounts">;
  connector: AccountConnector;
  issuers: readonly Issuer[];
  signInFlow: SignInFlow;
  signInConnector: SignInConnector;
  answerProof: AnswerProof;
  secrets: Secrets;
  /** The operator's own client. */
  client: { id: string; secret: string };
  /** The key that client registrations are sealed with. */
  registrationKey: Uint8Array;
  clock: Clock;
  log: Log;
  limits: Limits;
  /** Gives the browser in which a person connected the cookie of the grant. */
  rememberBrowser: RememberBrowser;
  /** Makes mailboxes private. */
  hideMailboxes: HideMailboxes;
  /** The passkeys of grants. */
  passkeys: PasskeyRegistry;
};

export function createOAuthRoutes(deps: OAuthDeps) {
  const { config, client, registrationKey } = deps;
  const clients = createClients({ config, client, registrationKey });

  return new Hono<AppEnv>()
    .on("GET", ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"], (c) =>
      c.json(toResourceMetadata(config)),
    )
    .on(
      "GET",
      [
        "/oauth/meta",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/mcp",
      ],
      (c) => c.json(toServerMetadata(config)),
    )
    .route("/", createAuthorizationRoutes({ ...deps, clients }))
    .route("/", createTokenRoutes({ ...deps, clients }));
}
