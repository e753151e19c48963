import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { readForm, redirectUri } from "../support/authorize.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

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

const ask = (query: string, path = "/oauth/authorize") =>
  fetch(`${product.url}${path}?${query}`, { redirect: "manual" });

/** An error that was sent to the client. */
async function askForRedirect(query: string) {
  const response = await ask(query);
  expect(response.status).toBe(303);
  const location = new URL(response.headers.get("Location") ?? "");
  expect(`${location.origin}${location.pathname}`).toBe(redirectUri);
  return Object.fromEntries(location.searchParams);
}

/** An error that stays here: a page, and nothing a browser would follow. */
async function expectPage(query: string, status: number) {
  const response = await ask(query);
  expect(response.status).toBe(status);
  expect(response.headers.get("Location")).toBeNull();
  expect(response.headers.get("Content-Type")).toStartWith("text/html");
  return response.text();
}

test("RFC 6749 section 4.1.1: a whole request is answered with the form, which names the redirect's host", async () => {
  const response = await ask(toQuery());
  expect(response.status).toBe(200);
  const html = await response.text();
  expect(html).toMatch(/<h1>[\s\S]*claude\.ai[\s\S]*<\/h1>/);
  const { action, fields } = readForm(html);
  expect(action).toBe("/oauth/connect");
  expect(Object.keys(fields)).toEqual(expect.arrayContaining(["request", "provider", "address", "password"]));
});

test("claude.ai without metadata finds the form at /authorize of the root", async () => {
  expect((await ask(toQuery(), "/authorize")).status).toBe(200);
});

test.each(["", "a b", "[", "x:99999999", "evil.example/..", "a?x"])(
  "RFC 9112 section 3.2: the Host %p changes nothing",
  async (host) => {
    const { hostname, port } = new URL(product.url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /oauth/authorize?${toQuery()} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let answer = "";
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
    expect(answer).not.toContain("evil.example");
  },
);

describe("RFC 6749 section 4.1.2.1: nothing is sent to a redirect that is not proven", () => {
  test.each(["nobody", "constructor", "__proto__"])(
    "an unknown client (%s) gets a page with 401",
    async (id) => {
      const html = await expectPage(toQuery({ client_id: id }), 401);
      expect(html).not.toContain(id);
    },
  );
  test.each(["client_id", "redirect_uri"])("without %s there is a page with 400", (name) =>
    expectPage(toQuery({ [name]: undefined }), 400),
  );
  test.each(["client_id", "redirect_uri", "state"])("%s given twice is a page with 400", (name) =>
    expectPage(`${toQuery()}&${name}=${encodeURIComponent(redirectUri)}`, 400),
  );
});

describe("A05: a redirect that is not on the list is an error page and no Location", () => {
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
    expect(html).not.toContain("evil.example");
  });
});

describe("The redirects of Claude's clients and of the operator are accepted", () => {
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
    expect((await ask(toQuery({ redirect_uri: uri }))).status).toBe(200);
  });
  test.each([
    "http://localhost:51234/callback",
    "http://127.0.0.1:9/callback",
    "http://[::1]:65535/callback",
  ])("RFC 8252 section 7.3: %s, on whatever port", async (uri) => {
    expect((await ask(toQuery({ redirect_uri: uri }))).status).toBe(200);
  });
  test("a redirect with a query of its own keeps it (RFC 6749 section 3.1.2)", async () => {
    const response = await ask(
      toQuery({ redirect_uri: "https://app.example/cb?fixed=1", response_type: "token" }),
    );
    expect(response.headers.get("Location")).toStartWith(
      "https://app.example/cb?fixed=1&error=unsupported_response_type",
    );
  });
});

describe("RFC 6749 section 4.1.2.1 and RFC 9207: errors to the client carry error, description, state and iss", () => {
  test.each<[string, Record<string, string | undefined>, string]>([
    ["no response_type", { response_type: undefined }, "invalid_request"],
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
    const answer = await askForRedirect(toQuery(changes));
    expect(answer).toEqual({
      error,
      error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
      state: "s1",
      iss: product.url,
    });
  });

  test("a parameter given twice is invalid_request (RFC 6749 section 3.1)", async () => {
    const answer = await askForRedirect(`${toQuery()}&response_type=code`);
    expect(answer).toMatchObject({ error: "invalid_request", state: "s1" });
  });
});

describe("A14: resource (RFC 8707 section 2)", () => {
  test.each(["/mcp#x", "/other", "/mcp?x=1", "/mcp//"])("BASE%s is invalid_target", async (path) => {
    const answer = await askForRedirect(toQuery({ resource: `${product.url}${path}` }));
    expect(answer.error).toBe("invalid_target");
  });
  test.each([undefined, "", "/", "/mcp", "/mcp/"])("BASE%s is ours", async (path) => {
    const resource = path === undefined ? undefined : `${product.url}${path}`;
    expect((await ask(toQuery({ resource }))).status).toBe(200);
  });
  test("of two resources both must be ours", async () => {
    const both = `${toQuery({ resource: `${product.url}/mcp` })}&resource=https%3A%2F%2Fevil.example`;
    expect((await askForRedirect(both)).error).toBe("invalid_target");
  });
});

test("What we do not know is ignored: parameters, scopes, prompt, offline_access (RFC 6749 section 3.1)", async () => {
  const response = await ask(
    toQuery({ scope: "openid offline_access email:read email:write x:y", prompt: "consent", nonce: "n" }),
  );
  expect(response.status).toBe(200);
});

test("A client that asks for email:read alone finds reading chosen (RFC 6749 section 3.3)", async () => {
  const { fields } = readForm(await (await ask(toQuery({ scope: "email:read" }))).text());
  expect(fields.level).toBe("read");
  const { fields: usual } = readForm(await (await ask(toQuery())).text());
  expect(usual.level).toBe("send");
});

describe("A07: state goes back byte for byte or is refused by size, and no page shows it", () => {
  const wrong = { response_type: "token" };
  test.each([
    ["markup", encodeURIComponent('"><script>alert(1)</script>')],
    ["CRLF", "a%0D%0ASet-Cookie:%20x=1"],
    ["unicode", encodeURIComponent("Grüße 🎉 ‮")],
    ["bytes that are no UTF-8", "%FF%FE%00"],
    ["a plus sign as it is", "a+b/c=="],
    ["4,000 characters", "x".repeat(4_000)],
  ])("%s", async (_, raw) => {
    const query = (changes: Record<string, string>) =>
      `${toQuery({ state: undefined, ...changes })}&state=${raw}`;
    const response = await ask(query(wrong));
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toEndWith(`&state=${raw}`);
    expect(response.headers.get("Set-Cookie")).toBeNull();
    const html = await (await ask(query({}))).text();
    expect(html).not.toContain("<script>alert");
    expect(html).not.toContain(decodeURIComponent(raw.replaceAll("%FF%FE", "")));
  });
  test("4,096 characters are the most: one more, and 10 KB, are refused by a page", async () => {
    expect((await ask(toQuery({ state: "x".repeat(4_096) }))).status).toBe(200);
    for (const length of [4_097, 10_240]) await expectPage(toQuery({ state: "x".repeat(length) }), 400);
  });
  test("a missing state is let through, since PKCE is required", async () => {
    expect((await ask(toQuery({ state: undefined }))).status).toBe(200);
    const response = await ask(toQuery({ state: undefined, ...wrong }));
    expect(new URL(response.headers.get("Location") ?? "").searchParams.has("state")).toBe(false);
  });
});
