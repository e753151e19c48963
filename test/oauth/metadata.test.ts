import { afterAll, beforeAll, expect, test } from "bun:test";
import { startProduct, type TestProduct } from "../support/product.ts";

let product: TestProduct;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.stop());

const read = async (path: string) => {
  const response = await fetch(`${product.url}${path}`, { headers: { Origin: "https://anywhere.example" } });
  return { status: response.status, headers: response.headers, body: await response.json() };
};

test("RFC 9728 section 3: both URLs of the protected resource metadata return the same document", async () => {
  const expected = {
    resource: `${product.url}/mcp`,
    authorization_servers: [product.url],
    scopes_supported: ["email:read", "email:write"],
    bearer_methods_supported: ["header"],
    resource_name: "email-connector",
  };
  for (const path of ["", "/mcp"]) {
    const { status, headers, body } = await read(`/.well-known/oauth-protected-resource${path}`);
    expect(status).toBe(200);
    expect(body).toEqual(expected);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(headers.get("Content-Type")).toStartWith("application/json");
  }
});

test("RFC 8414 section 2: all three URLs of the authorization server metadata return the same document", async () => {
  const base = product.url;
  const expected = {
    issuer: base,
    authorization_endpoint: `${base}/oauth/authorize`,
    token_endpoint: `${base}/oauth/token`,
    revocation_endpoint: `${base}/oauth/revoke`,
    registration_endpoint: `${base}/oauth/register`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "none"],
    scopes_supported: ["email:read", "email:write"],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  };
  for (const path of [
    "/oauth/meta",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
  ]) {
    const { status, headers, body } = await read(path);
    expect(status).toBe(200);
    expect(body).toMatchObject(expected);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  }
});

test("RFC 8414 section 3.3: the issuer does not depend on Host and X-Forwarded headers", async () => {
  const response = await fetch(`${product.url}/.well-known/oauth-authorization-server`, {
    headers: { Host: "localhost:1", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https" },
  });
  const text = await response.text();
  expect(JSON.parse(text).issuer).toBe(product.url);
  expect(text).not.toContain("evil");
  expect(product.url).not.toEndWith("/");
});

test("OpenID Connect Discovery is not supported: its URL returns 404 in JSON", async () => {
  const { status, body } = await read("/.well-known/openid-configuration");
  expect(status).toBe(404);
  expect(body).toMatchObject({ error: "not_found" });
});
