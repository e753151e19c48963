/**
 * The client at the issuers (RFC 6749, RFC 7636, RFC 9207, OpenID Connect Core): the only user of openid-client, which
 * accepts the `{tenantid}` that Microsoft writes into its metadata. Loaded at the first sign-in or renewal.
 */
import * as oidc from "openid-client";
import type { Clock } from "../clock.ts";
import type { Issuer } from "./issuer.ts";
import { toSignInError } from "./upstream-failures.ts";

/** The tokens of an issuer. `expiresAt`: end of the access token, in milliseconds since the epoch. */
export type IssuedTokens = {
  accessToken: string;
  expiresAt: number;
  /** Undefined when the issuer gave none; on renewal the one in use stays valid then. */
  refreshToken: string | undefined;
  /** The granted scopes, in lower case; undefined when they are those that were asked for (RFC 6749 section 5.1). */
  scopes: readonly string[] | undefined;
};

/** The values that a sign-in is checked against on return. */
type SignInChecks = {
  state: string;
  verifier: string;
  nonce: string;
  /** The person must have proven themselves anew: `auth_time` is checked (OpenID Connect Core section 3.1.2.1). */
  isFresh: boolean;
};

export type Upstream = ReturnType<typeof createUpstream>;

/** An issuer that does not answer by then is down. */
const timeoutSeconds = 10;
/** Time after which the metadata of an issuer is fetched again. */
const metadataMs = 60 * 60_000;
/** RFC 6749 section 5.1 lets an issuer leave the lifetime out. */
const defaultLifetimeSeconds = 300;

/** `fetch` replaces the requests to issuers in tests. */
export function createUpstream({ clock, fetch }: { clock: Clock; fetch?: oidc.CustomFetch }) {
  const known = new Map<string, { configuration: Promise<oidc.Configuration>; until: number }>();

  /** Returns the issuer's metadata with our client. `tenant` replaces the one of the settings. */
  function configurationOf(issuer: Issuer, tenant = issuer.tenant): Promise<oidc.Configuration> {
    const key = `${issuer.id} ${tenant ?? ""}`;
    const cached = known.get(key);
    if (cached && cached.until > clock.now()) return cached.configuration;
    const configuration = discover(issuer, tenant).catch((error: unknown) => {
      known.delete(key);
      throw error;
    });
    known.set(key, { configuration, until: clock.now() + metadataMs });
    return configuration;
  }

  async function discover(issuer: Issuer, tenant: string | undefined): Promise<oidc.Configuration> {
    const { url, endpoints, clientId, clientSecret } = issuer;
    // A refresh token is valid at the tenant that issued it only (AADSTS7000012).
    const here =
      tenant === undefined || tenant === issuer.tenant
        ? url
        : url.replace(`/${issuer.tenant}/`, `/${tenant}/`);
    const execute = here.startsWith("http:") ? [oidc.allowInsecureRequests] : [];
    const authentication = clientSecret === undefined ? oidc.None() : authenticate(clientSecret);
    if (!endpoints)
      return oidc.discovery(new URL(here), clientId, undefined, authentication, {
        // RFC 8414 for an issuer that is no OpenID provider.
        algorithm: issuer.scopes.includes("openid") ? "oidc" : "oauth2",
        timeout: timeoutSeconds,
        execute,
        [oidc.customFetch]: fetch,
      });
    const metadata = {
      issuer: here,
      authorization_endpoint: endpoints.authorization,
      token_endpoint: endpoints.token,
      revocation_endpoint: endpoints.revocation,
    };
    const configuration = new oidc.Configuration(metadata, clientId, undefined, authentication);
    for (const apply of execute) apply(configuration);
    if (fetch) configuration[oidc.customFetch] = fetch;
    configuration.timeout = timeoutSeconds;
    return configuration;
  }

  function toTokens(response: oidc.TokenEndpointResponse): IssuedTokens {
    return {
      accessToken: response.access_token,
      expiresAt: clock.now() + (response.expires_in ?? defaultLifetimeSeconds) * 1000,
      refreshToken: response.refresh_token,
      scopes: response.scope?.toLowerCase().split(" "),
    };
  }

  return {
    /**
     * Returns the URL at the issuer to which the browser goes, with PKCE, nonce and state. Throws SignInError
     * issuer_down.
     */
    async toAuthorizationUrl(
      issuer: Issuer,
      checks: SignInChecks,
      request: {
        redirectUri: string;
        scopes: readonly string[];
        address: string;
        prompt: string | undefined;
      },
    ): Promise<URL> {
      try {
        const configuration = await configurationOf(issuer);
        const prompts = new Set([issuer.parameters.prompt, request.prompt].filter(Boolean));
        const parameters = new URLSearchParams({
          ...issuer.parameters,
          redirect_uri: request.redirectUri,
          scope: request.scopes.join(" "),
          // form_post would come back without the SameSite=Lax cookie of our form.
          response_mode: "query",
          state: checks.state,
          nonce: checks.nonce,
          code_challenge: await oidc.calculatePKCECodeChallenge(checks.verifier),
          code_challenge_method: "S256",
          login_hint: request.address,
        });
        if (prompts.size > 0) parameters.set("prompt", [...prompts].join(" "));
        if (checks.isFresh) parameters.set("max_age", "0");
        return oidc.buildAuthorizationUrl(configuration, parameters);
      } catch (error) {
        throw toSignInError(error, issuer, "request");
      }
    },

    /**
     * Redeems the code of an authorization response, after its state and `iss` were checked. `query`: the raw query of
     * the response. Throws SignInError; the token endpoint is not contacted for a response that is not the issuer's.
     */
    async redeem(
      issuer: Issuer,
      checks: SignInChecks,
      response: { redirectUri: string; query: string },
    ): Promise<IssuedTokens> {
      try {
        const configuration = await configurationOf(issuer);
        const url = new URL(`${response.redirectUri}?${response.query.replace(/^\?/, "")}`);
        const tokens = await oidc.authorizationCodeGrant(configuration, url, {
          expectedState: checks.state,
          pkceCodeVerifier: checks.verifier,
          // Without the scope openid there is no ID token that could hold it.
          expectedNonce: issuer.scopes.includes("openid") ? checks.nonce : undefined,
          maxAge: checks.isFresh ? 0 : undefined,
        });
        return toTokens(tokens);
      } catch (error) {
        throw toSignInError(error, issuer, "response");
      }
    },

    /** Renews an access token at the tenant that issued the refresh token. Throws SignInError, `ended` above all. */
    async refresh(
      issuer: Issuer,
      { refreshToken, tenant }: { refreshToken: string; tenant: string | undefined },
    ): Promise<IssuedTokens> {
      try {
        return toTokens(await oidc.refreshTokenGrant(await configurationOf(issuer, tenant), refreshToken));
      } catch (error) {
        throw toSignInError(error, issuer, "refresh");
      }
    },

    /** Revokes a token where the issuer has an endpoint for it (RFC 7009). Throws SignInError. */
    async revoke(issuer: Issuer, token: { value: string; tenant: string | undefined }): Promise<void> {
      try {
        const configuration = await configurationOf(issuer, token.tenant);
        if (configuration.serverMetadata().revocation_endpoint === undefined) return;
        await oidc.tokenRevocation(configuration, token.value);
      } catch (error) {
        throw toSignInError(error, issuer, "revocation");
      }
    },
  };
}

/** RFC 6749 section 2.3.1: in the body, unless the issuer takes the Authorization header alone. */
function authenticate(clientSecret: string): oidc.ClientAuth {
  const inBody = oidc.ClientSecretPost(clientSecret);
  const inHeader = oidc.ClientSecretBasic(clientSecret);
  return (server, client, body, headers) => {
    const { token_endpoint_auth_methods_supported: methods = ["client_secret_post"] } = server;
    const isBasicOnly = !methods.includes("client_secret_post") && methods.includes("client_secret_basic");
    (isBasicOnly ? inHeader : inBody)(server, client, body, headers);
  };
}
