/** The issuers of the settings: Microsoft, Google and SIGN_IN_FILE; which of them an address leads to. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config.ts";
import { StartError } from "../../src/errors.ts";
import { findIssuer, hasScopes, toScopes } from "../../src/signin/choose-issuer.ts";
import { loadIssuers } from "../../src/signin/issuers.ts";
import { exampleIssuer } from "../support/example-issuer.ts";
import { temporaryFolder } from "../support/temporary.ts";

const entry = {
  id: "example",
  name: "Example Mail",
  issuer: "https://id.example.test",
  client_id: "our-client",
  client_secret: "our-secret",
  scopes: exampleIssuer.scopes,
  sending_scopes: ["mail.send"],
  domains: ["Example.test"],
  parameters: {},
  imap: { host: "imap.example.test", port: 993, security: "tls" },
  smtp: { host: "smtp.example.test", port: 465, security: "tls" },
};

function load(content: unknown, settings: Record<string, string> = {}) {
  const file = join(temporaryFolder("issuers"), "sign-in.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return loadIssuers(loadConfig({ SIGN_IN_FILE: file, ...settings }));
}

/** The line with which the server refuses to start. */
function problemOf(content: unknown, settings?: Record<string, string>): string {
  try {
    load(content, settings);
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
  throw new Error("the file was accepted");
}

test("An entry of SIGN_IN_FILE becomes an issuer; without settings there is none", () => {
  expect(load([entry])).toEqual([exampleIssuer]);
  expect(loadIssuers(loadConfig({}))).toEqual([]);
});

test("An issuer without metadata is given by its endpoints", () => {
  const { issuer: _issuer, ...rest } = entry;
  const endpoints = {
    authorization_endpoint: "https://id.example.test/authorize",
    token_endpoint: "https://id.example.test/token",
  };
  expect(load([{ ...rest, ...endpoints }])[0]).toMatchObject({
    url: "https://id.example.test",
    endpoints: { authorization: endpoints.authorization_endpoint, token: endpoints.token_endpoint },
  });
});

test.each([
  ["not JSON", "{"],
  ["no list", entry],
  ["an unknown field", [{ ...entry, tennant: "x" }]],
  ["an id that is no path segment", [{ ...entry, id: "a/b" }]],
  ["an issuer without https", [{ ...entry, issuer: "http://id.example.test" }]],
  ["no issuer and no endpoints", [{ ...entry, issuer: undefined }]],
  ["one endpoint of two", [{ ...entry, token_endpoint: "https://id.example.test/token" }]],
  ["a server without TLS", [{ ...entry, imap: { ...entry.imap, security: "none" } }]],
  ["an id used twice", [entry, entry]],
  ["a parameter that would switch off a check", [{ ...entry, parameters: { code_challenge: "x" } }]],
  ["a scope with a blank", [{ ...entry, scopes: ["a b"] }]],
] as const)("SIGN_IN_FILE with %s is refused at the start, in one line that names it", (_what, content) => {
  expect(problemOf(content)).toMatch(/^SIGN_IN_FILE: [^\n]+$/);
});

test("A password is offered beside the sign-in where the company is known to take one, or the entry says so", () => {
  const takesPasswords = (changes: object) => load([{ ...entry, ...changes }])[0]?.takesPasswords;
  expect(takesPasswords({})).toBe(false);
  expect(takesPasswords({ passwords: true })).toBe(true);
  expect(takesPasswords({ providers: ["fastmail"] })).toBe(true);
  expect(takesPasswords({ providers: ["fastmail"], passwords: false })).toBe(false);
  expect(takesPasswords({ providers: ["outlook"] })).toBe(false);
  expect(problemOf([{ ...entry, providers: ["nobody"] }])).toContain("providers");
});

test("Microsoft and Google are issuers once both their settings are there", () => {
  const settings = {
    MICROSOFT_CLIENT_ID: "m",
    MICROSOFT_CLIENT_SECRET: "s",
    GOOGLE_CLIENT_ID: "g",
    GOOGLE_CLIENT_SECRET: "s",
  };
  const issuers = loadIssuers(loadConfig(settings));
  expect(issuers.map(({ id, url }) => [id, url])).toEqual([
    ["microsoft", "https://login.microsoftonline.com/common/v2.0"],
    ["google", "https://accounts.google.com"],
  ]);
  expect(problemOf([{ ...entry, id: "google" }], settings)).toContain("the id google is used twice");
  for (const name of ["MICROSOFT_CLIENT_ID", "GOOGLE_CLIENT_SECRET"])
    expect(() => loadConfig({ [name]: "x" })).toThrow("or neither");
  expect(() => loadConfig({ ...settings, MICROSOFT_TENANT: "a/b" })).toThrow("MICROSOFT_TENANT");
  const issuerOf = (address: string, provider: string) =>
    findIssuer(issuers, { address, chosen: provider })?.id;
  expect(issuerOf("ann@outlook.com", "outlook")).toBe("microsoft");
  expect(issuerOf("ann@contoso.example", "microsoft365")).toBe("microsoft");
  expect(issuerOf("ann@gmail.com", "gmail")).toBe("google");
  expect(issuerOf("ann@fastmail.com", "fastmail")).toBeUndefined();
});

test("An address leads to an issuer by its domain, its company, or what its domain publishes, and only to configured ones", () => {
  const servers = { imap: exampleIssuer.imap, smtp: exampleIssuer.smtp, username: "address" } as const;
  const generic = { ...servers, provider: "generic", source: "autoconfig" } as const;
  const elsewhere = { ...generic, imap: { ...servers.imap, host: "imap.other.test" } };
  const find = (address: string, found?: Parameters<typeof findIssuer>[1]["found"], chosen = "") =>
    findIssuer([exampleIssuer], { address, chosen, found })?.id;
  expect(find("ann@EXAMPLE.test")).toBe("example");
  expect(find("ann@other.test")).toBeUndefined();
  expect(find("ann@other.test", generic)).toBe("example");
  expect(find("ann@other.test", elsewhere)).toBeUndefined();
  expect(find("ann@other.test", { ...elsewhere, issuerHost: "id.example.test" })).toBe("example");
  expect(find("ann@other.test", { ...elsewhere, issuerHost: "id.other.test" })).toBeUndefined();
  // A company that the person chose decides against what the domain publishes.
  expect(find("ann@other.test", generic, "fastmail")).toBeUndefined();
});

test("The sending scopes are asked for only at the levels that send; identity scopes open no mailbox", () => {
  expect(toScopes(exampleIssuer, "read")).not.toContain("mail.send");
  expect(toScopes(exampleIssuer, "organise")).not.toContain("mail.send");
  expect(toScopes(exampleIssuer, "approve")).toContain("mail.send");
  expect(toScopes(exampleIssuer, "send")).toContain("mail.send");
  expect(hasScopes(undefined, ["mail"])).toBe(true);
  expect(hasScopes(["mail"], exampleIssuer.scopes)).toBe(true);
  expect(hasScopes(["openid", "email"], exampleIssuer.scopes)).toBe(false);
  expect(hasScopes(["https://a.example/imap.all"], ["https://a.example/IMAP.All"])).toBe(true);
});
