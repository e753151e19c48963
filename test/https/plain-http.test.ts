/** The port without TLS. */
import { expect, test } from "bun:test";
import { createPlainHttp } from "../../src/https/plain-http.ts";

const challenges = new Map([["known", "known.thumbprint"]]);
const handle = createPlainHttp({ publicUrl: "https://mail.example.org", challenges });

const ask = (path: string, { method = "GET", host = "mail.example.org" } = {}) =>
  handle(new Request(`http://${host}${path}`, { method, headers: { Host: host } }));

test("RFC 8555 section 8.3: a running challenge is answered with its key authorization", async () => {
  const response = ask("/.well-known/acme-challenge/known", { host: "MAIL.example.org:80" });
  expect(response.headers.get("Content-Type")).toBe("application/octet-stream");
  expect(await response.text()).toBe("known.thumbprint");
  expect(ask("/.well-known/acme-challenge/other").status).toBe(404);
  expect(ask("/.well-known/acme-challenge/").status).toBe(404);
});

test("GET and HEAD are sent on to https with path and query", () => {
  for (const method of ["GET", "HEAD"]) {
    const response = ask("/oauth/authorize?client_id=a%20b", { method });
    expect([response.status, response.headers.get("Location")]).toEqual([
      308,
      "https://mail.example.org/oauth/authorize?client_id=a%20b",
    ]);
  }
  // Never another host, however the path begins.
  expect(ask("//evil.example/").headers.get("Location")).toStartWith("https://mail.example.org//evil");
});

test("A POST is refused rather than sent on, also for a challenge", () => {
  for (const path of ["/oauth/token", "/mcp", "/.well-known/acme-challenge/known"])
    expect(ask(path, { method: "POST" }).status).toBe(400);
});

test("RFC 9110 section 15.5.20: a foreign Host is misdirected", () => {
  for (const host of ["other.example.org", "203.0.113.7", "mail.example.org.evil.example"])
    for (const path of ["/", "/.well-known/acme-challenge/known"])
      expect(ask(path, { host }).status).toBe(421);
});
