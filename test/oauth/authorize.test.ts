import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { readForm, redirectUri } from "../support/authorize.ts";
import { freePort } from "../support/ports.ts";
import { startProduct, type TestProduct, withProduct } from "../support/product.ts";

let product: TestProduct;
beforeAll(async () => {
  product = await startProduct({ settings: { ALLOWED_REDIRECT_URIS: "https://app.example/cb?fixed=1" } });
});
afterAll(() => product.stop());

const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

function toQuery(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters: Record<string, string | undefined> = {
    response_type: "code",
    client_id: product.clientId,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: "S256",
    state: "s1",
    ...changes,
  };
  return Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join("&");
}

const authorize = (query: string, path = "/oauth/authorize") =>
  fetch(`${product.url}${path}?${query}`, { redirect: "manual" });

/** Expects an error that is redirected to the client, and returns its parameters. */
async function expectRedirectedError(query: string) {
  const response = await authorize(query);
  expect(response.status).toBe(303);
  const location = new URL(response.headers.get("Location") ?? "");
  expect(`${location.origin}${location.pathname}`).toBe(redirectUri);
  return Object.fromEntries(location.searchParams);
}

/** Expects an error page without a redirect, and returns its HTML. */
async function expectPage(query: string, status: number) {
  const response = await authorize(query);
  expect(response.status).toBe(status);
  expect(response.headers.get("Location")).toBeNull();
  expect(response.headers.get("Content-Type")).toStartWith("text/html");
  return response.text();
}

test("RFC 6749 section 4.1.1: a valid request is answered with the form, which names the host of the redirect URI", async () => {
  const response = await authorize(toQuery());
  expect(response.status).toBe(200);
  const html = await response.text();
  expect(html).toMatch(/<h1>[\s\S]*claude\.ai[\s\S]*<\/h1>/);
  const { action, fields } = readForm(html);
  expect(action).toBe("/oauth/connect");
  expect(Object.keys(fields)).toEqual(expect.arrayContaining(["request", "provider", "address", "password"]));
});

test("claude.ai, when it finds no metadata, gets the form at /authorize", async () => {
  expect((await authorize(toQuery(), "/authorize")).status).toBe(200);
});

describe("RFC 9112 section 3.2: the Host header", () => {
  /** Opens the form over a socket of its own, with any Host. */
  async function ask(port: number, host: string): Promise<string> {
    const socket = connect(port, "localhost");
    socket.write(`GET /oauth/authorize?${toQuery()} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let answer = "";
    for await (const chunk of socket) answer += chunk;
    return answer;
  }
  const hosts = ["", "a b", "[", "x:99999999", "evil.example/..", "a?x"];

  test("does not affect the answer of a public server", async () => {
    const port = await freePort();
    const settings = { PORT: String(port), PUBLIC_URL: "https://mail.example" };
    await withProduct({ settings }, async () => {
      for (const host of hosts) {
        const answer = await ask(port, host);
        expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
        expect(answer).not.toContain("evil.example");
      }
    });
  });

  test("is checked by a loopback server, also when it is malformed", async () => {
    for (const host of hosts) {
      const answer = await ask(Number(new URL(product.url).port), host);
      expect(answer).toMatch(/^HTTP\/1\.1 (400|403) /);
      expect(answer).not.toContain("evil.example");
    }
  });
});

describe("RFC 6749 section 4.1.2.1: no error is sent to an unproven redirect URI", () => {
  test.each(["nobody", "constructor", "__proto__"])(
    "the unknown client %s gets a page with status 401",
    async (id) => {
      const html = await expectPage(toQuery({ client_id: id }), 401);
      expect(html).not.toContain(id);
    },
  );
  test.each(["client_id", "redirect_uri"])("a request without %s gets a page with status 400", (name) =>
    expectPage(toQuery({ [name]: undefined }), 400),
  );
  test.each(["client_id", "redirect_uri", "state"])(
    "a request with a repeated %s gets a page with status 400",
    (name) => expectPage(`${toQuery()}&${name}=${encodeURIComponent(redirectUri)}`, 400),
  );
});

describe("A05: a redirect URI that is not on the list gets an error page without Location", () => {
  test.each([
    "https://claude.ai/api/mcp/auth_callback/",
    "https://claude.ai/api/mcp/AUTH_callback",
    "https://CLAUDE.ai/api/mcp/auth_callback",
    "https://user@claude.ai/api/mcp/auth_callback",
    "https://claude.ai/api/mcp/auth_callback#x",
    "https://claude.ai/api/mcp/auth_callback?x=1",
    "https://claude.ai:443/api/mcp/auth_callback",
    "http://claude.ai/api/mcp/auth_callback",
    "https://claude.ai/api/mcp/../mcp/auth_callback",
    "https://claude.ai%2eevil.example/api/mcp/auth_callback",
    "https://claude.ai.evil.example/api/mcp/auth_callback",
    "//evil.example/api/mcp/auth_callback",
    "https:\\\\claude.ai\\api\\mcp\\auth_callback",
    "https://claude.ai\\@evil.example/api/mcp/auth_callback",
    "https://evil.example/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://localhost:6274/oauth/callback/other",
    "http://localhost:6275/oauth/callback",
    "http://localhost.evil.example:1234/callback",
    "http://localhost:0/callback",
    "http://localhost:65536/callback",
    "http://localhost:1234@evil.example/callback",
    "http://user@localhost:1234/callback",
    "http://localhost:1234/callback?x=1",
    "http://localhost:1234/callback#x",
    "http://localhost:1234/callback/",
    "https://localhost:1234/callback",
    "http://127.0.0.2:1234/callback",
    "http://127.1:1234/callback",
    "http://[::]:1234/callback",
    "http://localhost:1234/callback\r\nX: y",
  ])("%s", async (uri) => {
    const html = await expectPage(toQuery({ redirect_uri: uri }), 400);
    // The page names it, with the setting that would accept it, as text and nothing else: no link leads there.
    const named = /<pre>([^<]*)<\/pre>/.exec(html)?.[1];
    expect(named).toBe(uri);
    // The callback of Gemini CLI on a port that is not the Inspector's.
    const isGemini = uri === "http://localhost:6275/oauth/callback";
    expect(html).toContain(isGemini ? "ACCEPTED_CLIENTS=claude,inspector,gemini" : "ALLOWED_REDIRECT_URIS");
    expect(html.replace(/<pre>[^<]*<\/pre>/, "")).not.toContain("evil.example");
  });
});

describe("The redirect URIs of Claude's clients and of the operator are accepted", () => {
  test.each([
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "http://localhost:6274/oauth/callback",
    "http://localhost:6274/oauth/callback/debug",
    "http://127.0.0.1:6274/oauth/callback",
    "http://127.0.0.1:6274/oauth/callback/debug",
    "http://localhost:6276/oauth/callback",
    "http://127.0.0.1:6276/oauth/callback",
    "https://app.example/cb?fixed=1",
  ])("%s", async (uri) => {
    expect((await authorize(toQuery({ redirect_uri: uri }))).status).toBe(200);
  });
  test.each([
    "http://localhost:51234/callback",
    "http://127.0.0.1:9/callback",
    "http://[::1]:65535/callback",
  ])("RFC 8252 section 7.3: %s is accepted, with any port", async (uri) => {
    expect((await authorize(toQuery({ redirect_uri: uri }))).status).toBe(200);
  });
  test("RFC 6749 section 3.1.2: a redirect URI keeps its own query", async () => {
    const response = await authorize(
      toQuery({ redirect_uri: "https://app.example/cb?fixed=1", response_type: "token" }),
    );
    expect(response.headers.get("Location")).toStartWith(
      "https://app.example/cb?fixed=1&error=unsupported_response_type",
    );
  });
});

describe("RFC 6749 section 4.1.2.1 and RFC 9207 section 2: an error to the client has a code, a description, state and iss", () => {
  test.each<[string, Record<string, string | undefined>, string]>([
    ["a request without response_type", { response_type: undefined }, "invalid_request"],
    ["the implicit grant", { response_type: "token" }, "unsupported_response_type"],
    ["a fragment response", { response_mode: "fragment" }, "invalid_request"],
    ["A03: no challenge (RFC 7636 section 4.4.1)", { code_challenge: undefined }, "invalid_request"],
    ["A03: the method plain (RFC 7636)", { code_challenge_method: "plain" }, "invalid_request"],
    ["A03: no method, which would be plain", { code_challenge_method: undefined }, "invalid_request"],
    ["A03: a challenge of 42 characters", { code_challenge: challenge.slice(1) }, "invalid_request"],
    [
      "A14: a resource of another origin (RFC 8707)",
      { resource: "https://evil.example/mcp" },
      "invalid_target",
    ],
  ])("%s", async (_, changes, error) => {
    const answer = await expectRedirectedError(toQuery(changes));
    expect(answer).toEqual({
      error,
      error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
      state: "s1",
      iss: product.url,
    });
  });

  test("RFC 6749 section 3.1: a repeated parameter is invalid_request", async () => {
    const answer = await expectRedirectedError(`${toQuery()}&response_type=code`);
    expect(answer).toMatchObject({ error: "invalid_request", state: "s1" });
  });
});

describe("A14: RFC 8707 section 2: resource", () => {
  test.each(["/mcp#x", "/other", "/mcp?x=1", "/mcp//"])("PUBLIC_URL%s is invalid_target", async (path) => {
    const answer = await expectRedirectedError(toQuery({ resource: `${product.url}${path}` }));
    expect(answer.error).toBe("invalid_target");
  });
  test.each([undefined, "", "/", "/mcp", "/mcp/"])("PUBLIC_URL%s is accepted", async (path) => {
    const resource = path === undefined ? undefined : `${product.url}${path}`;
    expect((await authorize(toQuery({ resource }))).status).toBe(200);
  });
  test("of two resources, both must be accepted", async () => {
    const both = `${toQuery({ resource: `${product.url}/mcp` })}&resource=https%3A%2F%2Fevil.example`;
    expect((await expectRedirectedError(both)).error).toBe("invalid_target");
  });
});

test("RFC 6749 section 3.1: unknown parameters and scopes are ignored", async () => {
  const response = await authorize(
    toQuery({ scope: "openid offline_access email:read email:write x:y", prompt: "consent", nonce: "n" }),
  );
  expect(response.status).toBe(200);
});

test("RFC 6749 section 3.3: the form preselects reading when the client asks for email:read only", async () => {
  const { fields } = readForm(await (await authorize(toQuery({ scope: "email:read" }))).text());
  expect(fields.level).toBe("read");
  const { fields: unscoped } = readForm(await (await authorize(toQuery())).text());
  expect(unscoped.level).toBe("approve");
});

describe("A07: state is returned byte for byte or refused by its size, and no page contains it", () => {
  const wrong = { response_type: "token" };
  test.each([
    ["markup", encodeURIComponent('"><script>alert(1)</script>')],
    ["CRLF", "a%0D%0ASet-Cookie:%20x=1"],
    ["unicode", encodeURIComponent("Grüße 🎉 ‮")],
    ["bytes that are not UTF-8", "%FF%FE%00"],
    ["an unencoded plus sign", "a+b/c=="],
    ["4,000 characters", "x".repeat(4_000)],
  ])("%s", async (_, raw) => {
    const query = (changes: Record<string, string>) =>
      `${toQuery({ state: undefined, ...changes })}&state=${raw}`;
    const response = await authorize(query(wrong));
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toEndWith(`&state=${raw}`);
    expect(response.headers.get("Set-Cookie")).toBeNull();
    const html = await (await authorize(query({}))).text();
    expect(html).not.toContain("<script>alert");
    expect(html).not.toContain(decodeURIComponent(raw.replaceAll("%FF%FE", "")));
  });
  test("a state of 4,096 characters is accepted; longer ones get a page with status 400", async () => {
    expect((await authorize(toQuery({ state: "x".repeat(4_096) }))).status).toBe(200);
    for (const length of [4_097, 10_240]) await expectPage(toQuery({ state: "x".repeat(length) }), 400);
  });
  test("a request without state is accepted, because PKCE is required", async () => {
    expect((await authorize(toQuery({ state: undefined }))).status).toBe(200);
    const response = await authorize(toQuery({ state: undefined, ...wrong }));
    expect(new URL(response.headers.get("Location") ?? "").searchParams.has("state")).toBe(false);
  });
});
