/**
 * An authorization server on localhost (oidc-provider), at which people sign in to the tests' mailboxes: an account for
 * every address, rotating refresh tokens, and an introspection endpoint for Dovecot.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Configuration, Provider } from "oidc-provider";

export const issuerClient = { id: "email-connector", secret: "issuer-secret-0123456789" };

/** The answers of the person at the issuer. */
type Person = {
  /** The account that is signed in; undefined: that of the login_hint. */
  account?: string | undefined;
  refuses?: boolean;
  /** Scopes whose check mark the person takes away. */
  unticks?: readonly string[];
};

export type TestIssuer = {
  url: string;
  provider: Provider;
  /** The answers of the person from now on, in a browser that only follows redirects. */
  person: Person;
  /** Requests to the token endpoint, and what they were for: authorization_code, refresh_token. */
  tokenRequests: string[];
  /** Access and refresh tokens issued so far. */
  issued: string[];
  /** The address and scopes of a valid access token. */
  introspect(token: string): Promise<{ address: string; scopes: Set<string> } | undefined>;
  /** Called with each token that a mail server asks about, before it is answered. */
  onIntrospection: ((token: string) => void | Promise<void>) | undefined;
  /** Ends all access tokens, as an issuer that takes a permission back. */
  endAccessTokens(): void;
  /** Answers token requests with this status and body from now on; undefined: as usual. */
  answerTokenRequests: { status: number; body: unknown } | undefined;
  /** Closes the port and opens it again. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
};

export type IssuerOptions = {
  accessTokenSeconds?: number;
  rotate?: boolean;
  refreshTokens?: boolean;
  /** Shows a page with buttons instead of answering by itself. */
  asks?: boolean;
  revocation?: boolean;
};

export async function startIssuer(options: IssuerOptions = {}): Promise<TestIssuer> {
  const server = createServer();
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  const ended = new Set<string>();
  const provider = new Provider(url, toConfiguration(options));
  provider.proxy = false;
  const issuer: TestIssuer = {
    url,
    provider,
    person: {},
    tokenRequests: [],
    issued: [],
    answerTokenRequests: undefined,
    onIntrospection: undefined,
    async introspect(value) {
      const token = ended.has(value) ? undefined : await provider.AccessToken.find(value);
      if (!token?.accountId || token.isExpired) return undefined;
      return { address: token.accountId, scopes: new Set((token.scope ?? "").split(" ")) };
    },
    endAccessTokens() {
      for (const token of issuer.issued) ended.add(token);
    },
    down: () => closeServer(server),
    up: () => listen(port),
    stop: () => closeServer(server),
  };
  provider.on("grant.success", (ctx) => {
    const body: unknown = ctx.body;
    if (typeof body !== "object" || body === null) return;
    for (const name of ["access_token", "refresh_token"] as const)
      if (name in body) issuer.issued.push(String((body as Record<string, unknown>)[name]));
  });
  const handle = provider.callback();
  server.on("request", async (request, response) => {
    const path = (request.url ?? "").split("?")[0];
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (path === "/introspect") {
      const token = new URLSearchParams(await readBody(request)).get("token") ?? "";
      await issuer.onIntrospection?.(token);
      const found = await issuer.introspect(token);
      return answer(
        200,
        found?.scopes.has("mail") ? { active: true, sub: found.address } : { active: false },
      );
    }
    if (path === "/token") {
      const text = await readBody(request);
      issuer.tokenRequests.push(new URLSearchParams(text).get("grant_type") ?? "");
      if (issuer.answerTokenRequests)
        return answer(issuer.answerTokenRequests.status, issuer.answerTokenRequests.body);
      // oidc-provider takes a body that was read before.
      Object.assign(request, { body: Object.fromEntries(new URLSearchParams(text)) });
    }
    if (path?.startsWith("/interaction/")) return interact(issuer, { request, response }, options);
    return handle(request, response);
  });
  return issuer;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function toConfiguration(options: IssuerOptions): Configuration {
  return {
    clients: [
      {
        client_id: issuerClient.id,
        client_secret: issuerClient.secret,
        application_type: "native",
        token_endpoint_auth_method: "client_secret_post",
        redirect_uris: ["example", "other"].map((id) => `http://localhost/sign-in/${id}`),
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    scopes: ["openid", "offline_access", "email", "mail", "mail.send"],
    claims: { openid: ["sub"], email: ["email"] },
    pkce: { required: () => true },
    rotateRefreshToken: options.rotate ?? true,
    issueRefreshToken: async () => options.refreshTokens ?? true,
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: options.revocation ?? true, allowedPolicy: async () => true },
      rpInitiatedLogout: { enabled: false },
    },
    ttl: {
      AccessToken: options.accessTokenSeconds ?? 3_600,
      AuthorizationCode: 60,
      IdToken: 3_600,
      RefreshToken: 86_400,
      Interaction: 600,
      Session: 86_400,
      Grant: 86_400,
    },
    cookies: { keys: ["cookie-key-0123456789"] },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub, email: sub }) }),
  };
}

/** Answers the login and the consent at once, or by a page with two buttons. */
async function interact(
  { provider, person }: TestIssuer,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { asks = false }: IssuerOptions,
): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  const { prompt, params, session } = details;
  const decided = new URL(request.url ?? "", "http://localhost").searchParams.get("decision");
  if (asks && decided === null) {
    response.writeHead(200, { "Content-Type": "text/html" });
    const link = (decision: string) => `<a id="${decision}" href="?decision=${decision}">${decision}</a>`;
    response.end(`<!doctype html><title>${prompt.name}</title>${link("allow")} ${link("refuse")}`);
    return;
  }
  if (person.refuses || decided === "refuse")
    return provider.interactionFinished(request, response, {
      error: "access_denied",
      error_description: "The person refused.",
    });
  if (prompt.name === "login") {
    const accountId = person.account ?? String(params.login_hint);
    return provider.interactionFinished(request, response, { login: { accountId } });
  }
  const grant = new provider.Grant({
    accountId: session?.accountId,
    clientId: String(params.client_id),
  });
  const scopes = String(params.scope).split(" ");
  grant.addOIDCScope(scopes.filter((scope) => !person.unticks?.includes(scope)).join(" "));
  if (person.unticks) grant.rejectOIDCScope(person.unticks.join(" "));
  const grantId = await grant.save();
  return provider.interactionFinished(
    request,
    response,
    { consent: { grantId } },
    { mergeWithLastSubmission: true },
  );
}
