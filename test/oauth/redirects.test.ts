/** The values of ALLOWED_REDIRECT_URIS, and the URLs built from a redirect URI. */
import { expect, test } from "bun:test";
import { loadConfig } from "../../src/config.ts";
import { createClients } from "../../src/oauth/clients.ts";
import { toRedirectHost, toResponseUrl } from "../../src/oauth/redirects.ts";
import { newKey } from "../../src/secrets.ts";

test.each([
  "javascript:alert(1)",
  "data:text/html,x",
  "callback",
  "//app.example/callback",
  "http://app.example/callback",
  "https://app.example/callback#x",
])("RFC 6749 section 3.1.2: the setting refuses %s", (uri) => {
  expect(() => loadConfig({ ALLOWED_REDIRECT_URIS: `https://app.example/callback,${uri}` })).toThrow(
    "ALLOWED_REDIRECT_URIS: must be absolute URIs without a fragment",
  );
});

test.each([
  ["https://app.example/callback", "app.example"],
  ["http://127.0.0.1:8080/cb", "127.0.0.1:8080"],
  ["com.example.app:/callback", "com.example.app:"],
  ["cursor://anysphere.cursor-mcp/oauth/callback", "anysphere.cursor-mcp"],
])("RFC 8252 section 7: the setting accepts %s, and pages show it as %s", (uri, host) => {
  expect(loadConfig({ ALLOWED_REDIRECT_URIS: uri }).allowedRedirectUris).toEqual([uri]);
  expect(toRedirectHost(uri)).toBe(host);
});

test("RFC 6749 section 4.1.2: a response is added to an existing query, and state is returned unchanged", () => {
  expect(toResponseUrl("https://a.example/cb", { code: "c", iss: "https://b.example" }, "a+b%2F")).toBe(
    "https://a.example/cb?code=c&iss=https%3A%2F%2Fb.example&state=a+b%2F",
  );
  expect(toResponseUrl("https://a.example/cb?x=1", { code: "c" }, undefined)).toBe(
    "https://a.example/cb?x=1&code=c",
  );
});

test("a redirect URI removed from the setting is refused to a client that registered it before", () => {
  const uri = "https://app.example/callback";
  const registrationKey = newKey();
  const withList = (allowedRedirectUris: readonly string[]) =>
    createClients({
      config: { allowedRedirectUris, acceptedClients: ["claude"] },
      client: { id: "id", secret: "secret" },
      registrationKey,
    });
  const id = String(withList([uri]).register({ redirect_uris: [uri] }, 0).client_id);
  expect(withList([uri]).find(id)?.allowsRedirect(uri)).toBe(true);
  expect(withList([]).find(id)?.allowsRedirect(uri)).toBe(false);
});
