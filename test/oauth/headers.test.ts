import { afterAll, beforeAll, expect, test } from "bun:test";
import { redirectUri } from "../support/authorize.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

let product: TestProduct;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.stop());

const query = (changes: Readonly<Record<string, string>> = {}) =>
  new URLSearchParams({
    response_type: "code",
    client_id: product.clientId,
    redirect_uri: redirectUri,
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    ...changes,
  });

const get = (path: string) => fetch(`${product.url}${path}`, { redirect: "manual" });
const post = (path: string, body: Readonly<Record<string, string>>) =>
  fetch(`${product.url}${path}`, { method: "POST", redirect: "manual", body: new URLSearchParams(body) });

/** Every kind of response under /oauth. */
const responses: [
  name: string,
  status: number,
  kind: "page" | "redirect" | "json",
  ask: () => Promise<Response>,
][] = [
  ["the form", 200, "page", () => get(`/oauth/authorize?${query()}`)],
  ["a refused redirect", 400, "page", () => get(`/oauth/authorize?${query({ redirect_uri: "x:y" })}`)],
  ["an unknown client", 401, "page", () => get(`/oauth/authorize?${query({ client_id: "x" })}`)],
  [
    "an error for the client",
    303,
    "redirect",
    () => get(`/oauth/authorize?${query({ response_type: "x" })}`),
  ],
  ["an expired form", 400, "page", () => post("/oauth/connect", { request: "x" })],
  ["a form sent by GET", 405, "page", () => get("/oauth/connect?password=x")],
  ["a token error", 401, "json", () => post("/oauth/token", { grant_type: "x" })],
  ["a revocation", 200, "json", () => post("/oauth/revoke", { token: "x" })],
  ["a refused registration", 400, "json", () => post("/oauth/register", {})],
  ["an unknown path", 404, "json", () => get("/oauth/nothing")],
  ["metadata", 200, "json", () => get("/oauth/meta")],
];

test.each(responses)("A09: the security headers of %s", async (_, status, kind, ask) => {
  const response = await ask();
  expect(response.status).toBe(status);
  const header = (name: string) => response.headers.get(name);
  expect(header("Strict-Transport-Security")).toBe("max-age=63072000; includeSubDomains");
  expect(header("X-Frame-Options")).toBe("DENY");
  expect(header("X-Content-Type-Options")).toBe("nosniff");
  expect(header("Referrer-Policy")).toBe("no-referrer");
  expect(header("X-Powered-By")).toBeNull();
  // The form alone sets a cookie: browser-binding.test.ts.
  if (status !== 200 || kind !== "page") expect(header("Set-Cookie")).toBeNull();
  expect(header("Cross-Origin-Opener-Policy")).toBeNull();
  if (kind === "page") {
    expect(header("Content-Type")).toBe("text/html; charset=utf-8");
    expect(header("Cache-Control")).toBe("no-store");
    const policy = header("Content-Security-Policy") ?? "";
    expect(policy).toStartWith("default-src 'none'; style-src 'sha256-");
    expect(policy).toContain("img-src 'self'; base-uri 'none'; frame-ancestors 'none'");
    expect(policy).not.toContain("form-action");
    expect(policy).not.toContain("unsafe");
  }
  if (kind === "redirect") expect(header("Cache-Control")).toBe("no-store");
  if (kind === "json") expect(header("Content-Type")).toStartWith("application/json");
});

test("A09: CORS: a page of claude.ai may call the token endpoint; a page of another origin may not", async () => {
  const preflight = (origin: string) =>
    fetch(`${product.url}/oauth/token`, {
      method: "OPTIONS",
      headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
    });
  const known = await preflight("https://claude.ai");
  expect(known.status).toBe(204);
  expect(known.headers.get("Access-Control-Allow-Origin")).toBe("https://claude.ai");
  expect((await preflight("https://evil.example")).headers.get("Access-Control-Allow-Origin")).toBeNull();
});
