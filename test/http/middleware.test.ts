/** The middleware in front of all routes: security headers, CORS, methods, unknown paths, request sizes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freePort } from "../support/ports.ts";
import { startProduct, type TestProduct, withProduct } from "../support/product.ts";

const securityHeaders = {
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

let product: TestProduct;
beforeAll(async () => {
  product = await startProduct({ settings: { ALLOWED_ORIGINS: "https://app.example" } });
});
afterAll(() => product.stop());

const request = (path: string, init: RequestInit = {}) =>
  fetch(`${product.url}${path}`, { redirect: "manual", ...init });

describe("Every response", () => {
  const requests: [string, string][] = [
    ["GET", "/"],
    ["GET", "/health"],
    ["GET", "/favicon.svg"],
    ["GET", "/favicon.ico"],
    ["GET", "/mcp"],
    ["POST", "/mcp"],
    ["DELETE", "/mcp"],
    ["PUT", "/mcp"],
    ["OPTIONS", "/mcp"],
    ["GET", "/oauth/meta"],
    ["GET", "/.well-known/oauth-protected-resource"],
    ["GET", "/.well-known/oauth-protected-resource/mcp"],
    ["GET", "/.well-known/oauth-authorization-server"],
    ["GET", "/.well-known/oauth-authorization-server/mcp"],
    ["GET", "/.well-known/openid-configuration"],
    ["GET", "/oauth/authorize"],
    ["GET", "/authorize"],
    ["POST", "/oauth/connect"],
    ["GET", "/oauth/connect"],
    ["POST", "/oauth/token"],
    ["POST", "/token"],
    ["OPTIONS", "/oauth/token"],
    ["POST", "/oauth/revoke"],
    ["POST", "/revoke"],
    ["POST", "/oauth/register"],
    ["POST", "/register"],
    ["GET", "/no/such/path"],
    ["POST", "/no/such/path"],
    ["HEAD", "/"],
  ];

  test.each(requests)(
    "%s %s has the security headers, does not identify the server software, and is not a 500",
    async (method, path) => {
      const response = await request(path, { method });
      const headers = Object.fromEntries(response.headers);
      expect(headers).toMatchObject(securityHeaders);
      expect(headers).not.toHaveProperty("x-powered-by");
      expect(headers).not.toHaveProperty("server");
      expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
      expect(response.status).toBeLessThan(500);
    },
  );

  test("to a request that is too large is a 413 with JSON and the security headers", async () => {
    const body = new URLSearchParams({ grant_type: "x".repeat(17_000) });
    for (const path of ["/oauth/token", "/token", "/oauth/connect", "/oauth/revoke", "/register"]) {
      const response = await request(path, { method: "POST", body });
      expect({ path, status: response.status }).toEqual({ path, status: 413 });
      expect(Object.fromEntries(response.headers)).toMatchObject(securityHeaders);
    }
  });
});

describe("A trailing slash", () => {
  test("is ignored", async () => {
    expect((await request("/health/")).status).toBe(200);
    expect((await request("/mcp/", { method: "POST" })).status).toBe(401);
    expect((await request("/.well-known/oauth-protected-resource/mcp/")).status).toBe(200);
  });
});

describe("A known path with an unsupported method", () => {
  test("RFC 9110 section 15.5.6: is answered 405 with the allowed methods", async () => {
    const known: [method: string, path: string, allow: string][] = [
      ...["/oauth/token", "/token", "/oauth/revoke", "/revoke", "/oauth/register", "/register"].map(
        (path): [string, string, string] => ["GET", path, "POST"],
      ),
      ["POST", "/oauth/authorize", "GET, HEAD"],
      ["POST", "/oauth/meta", "GET, HEAD"],
      ["DELETE", "/health", "GET, HEAD"],
      ["PUT", "/", "GET, HEAD"],
    ];
    for (const [method, path, allow] of known) {
      const response = await request(path, { method });
      expect([path, response.status, response.headers.get("Allow")]).toEqual([path, 405, allow]);
      expect(Object.fromEntries(response.headers)).toMatchObject(securityHeaders);
      expect(await response.json()).toMatchObject({ error: "method_not_allowed" });
    }
  });

  test("is answered 204 for OPTIONS, also on paths without CORS", async () => {
    for (const path of ["/", "/health", "/favicon.ico"]) {
      const response = await request(path, { method: "OPTIONS" });
      expect([response.status, response.headers.get("Allow")]).toEqual([204, "GET, HEAD"]);
      expect(response.headers.get("Content-Type")).toBeNull();
    }
  });
});

describe("An unknown path", () => {
  test("is answered 404 with JSON that names the connector's URL", async () => {
    for (const path of ["/nothing", "/.well-known/openid-configuration", "/oauth/nothing", "/mcp/nothing"]) {
      const response = await request(path);
      expect(response.status).toBe(404);
      expect(response.headers.get("Content-Type")).toStartWith("application/json");
      expect(await response.json()).toEqual({
        error: "not_found",
        message: `There is nothing here. The connector is at ${product.url}/mcp.`,
      });
    }
  });
});

describe("A preflight request", () => {
  const preflight = (path: string, origin: string) =>
    request(path, {
      method: "OPTIONS",
      headers: {
        Origin: origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
      },
    });

  test("of a known origin is answered 204 without authentication, with the headers that MCP needs", async () => {
    for (const origin of [
      "https://claude.ai",
      "https://claude.com",
      "https://email-connector.fly.dev",
      "https://connectmyemail.com",
      "https://app.example",
      product.url,
    ]) {
      for (const path of ["/mcp", "/oauth/token", "/token", "/oauth/register"]) {
        const response = await preflight(path, origin);
        expect(response.status).toBe(204);
        expect(response.headers.get("Access-Control-Allow-Origin")).toBe(origin);
        expect(response.headers.get("Access-Control-Allow-Credentials")).toBeNull();
        expect(response.headers.get("Access-Control-Allow-Headers")?.split(",")).toEqual([
          "Authorization",
          "Content-Type",
          "Accept",
          "Mcp-Session-Id",
          "MCP-Protocol-Version",
          "Last-Event-ID",
          "Mcp-Method",
          "Mcp-Name",
        ]);
        expect(response.headers.get("Access-Control-Expose-Headers")).toBe("Mcp-Session-Id,WWW-Authenticate");
      }
    }
  });

  test("of the two hosted servers is not allowed with SEED_ORIGINS=off, and of Claude still is", async () => {
    await withProduct({ settings: { SEED_ORIGINS: "off" } }, async ({ url }) => {
      const statusOf = async (origin: string) => {
        const headers = { Origin: origin, "Access-Control-Request-Method": "POST" };
        const answer = await fetch(`${url}/mcp`, { method: "OPTIONS", headers });
        const call = await fetch(`${url}/mcp`, { method: "POST", headers: { Origin: origin } });
        return { allowed: answer.headers.get("Access-Control-Allow-Origin"), status: call.status };
      };
      for (const origin of ["https://email-connector.fly.dev", "https://connectmyemail.com"])
        expect(await statusOf(origin)).toEqual({ allowed: null, status: 403 });
      for (const origin of ["https://claude.ai", "https://claude.com", url])
        expect(await statusOf(origin)).toEqual({ allowed: origin, status: 401 });
    });
  });

  test("of an unknown origin is not allowed", async () => {
    for (const origin of ["https://evil.example", "null", "https://claude.ai.evil.example"]) {
      const response = await preflight("/mcp", origin);
      expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
  });

  test("for a metadata document is allowed for every origin, with the headers that MCP needs", async () => {
    for (const path of ["/.well-known/oauth-protected-resource/mcp", "/oauth/meta", "/oauth/meta/"]) {
      for (const origin of ["https://anyone.example", "https://claude.ai", "null"]) {
        const allowed = await preflight(path, origin);
        expect(allowed.status).toBe(204);
        expect(allowed.headers.get("Access-Control-Allow-Origin")).toBe("*");
        expect(allowed.headers.get("Access-Control-Allow-Headers")).toContain("MCP-Protocol-Version");
        const read = await request(path, { headers: { Origin: origin } });
        expect([read.status, read.headers.get("Access-Control-Allow-Origin")]).toEqual([200, "*"]);
      }
    }
  });

  test("of a loopback page is allowed by a loopback server, and not by a public one", async () => {
    const inspector = "http://localhost:6274";
    const allowedAt = async (url: string, Origin = inspector) => {
      const headers = { Origin, "Access-Control-Request-Method": "POST" };
      const response = await fetch(`${url}/mcp`, { method: "OPTIONS", headers });
      return response.headers.get("Access-Control-Allow-Origin");
    };
    expect(await allowedAt(product.url)).toBe(inspector);
    const PORT = String(await freePort());
    const PUBLIC_URL = "https://mail.example.org";
    await withProduct({ settings: { PORT, PUBLIC_URL } }, async () => {
      expect(await allowedAt(`http://localhost:${PORT}`)).toBeNull();
      expect(await allowedAt(`http://localhost:${PORT}`, PUBLIC_URL)).toBe(PUBLIC_URL);
    });
  });
});

describe("POST /mcp from a known origin", () => {
  test("exposes the challenge of its 401 to the page", async () => {
    const response = await request("/mcp", {
      method: "POST",
      headers: { Origin: "https://claude.ai" },
      body: "{}",
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("https://claude.ai");
    expect(response.headers.get("Access-Control-Expose-Headers")).toContain("WWW-Authenticate");
    expect(response.headers.get("WWW-Authenticate")).toBe(
      `Bearer resource_metadata="${product.url}/.well-known/oauth-protected-resource/mcp", scope="email:read email:write"`,
    );
  });
});

describe("GET", () => {
  test("/mcp in a browser redirects to the landing page", async () => {
    const response = await request("/mcp", {
      headers: { "Sec-Fetch-Mode": "navigate", Accept: "text/html" },
    });
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toBe("/");
    expect((await request("/mcp", { headers: { Accept: "text/html" } })).status).toBe(401);
  });

  test("/health reports ok and the version", async () => {
    const response = await request("/health");
    expect(await response.json()).toEqual({
      status: "ok",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
  });

  test("/favicon.ico and /favicon.svg are images", async () => {
    for (const path of ["/favicon.ico", "/favicon.svg"]) {
      const response = await request(path);
      expect(response.status).toBe(200);
      expect(response.headers.get("Content-Type")).toMatch(/^image\//);
    }
  });

  test("/ is a page that shows the connector's URL", async () => {
    const response = await request("/");
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    const policy = response.headers.get("Content-Security-Policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("form-action");
    expect(await response.text()).toContain(`${product.url}/mcp`);
  });
});
