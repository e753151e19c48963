/** Requests of every route: known and unknown parameters, headers that a browser or a proxy sends, and others. */
import fc from "fast-check";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { runs, shortTexts } from "./text.ts";

export type HttpRequest = {
  method: string;
  path: string;
  query: string;
  headers: [string, string][];
  body: string;
};

const paths = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ..."/oauth/authorize /oauth/connect /oauth/discover /oauth/token /oauth/register /oauth/revoke /authorize /token /register /revoke /mcp / /health /ready /metrics /favicon.svg /.well-known/oauth-authorization-server /.well-known/oauth-protected-resource /.well-known/oauth-protected-resource/mcp /.well-known/openid-configuration /.well-known/security.txt /oauth/meta /privacy /connection /sign-in/microsoft /sign-in/nobody".split(
        " ",
      ),
      `/upload/${"0".repeat(64)}`,
      `/download/${"a".repeat(64)}`,
      `/approve/${"b".repeat(64)}`,
      `/connection/${"c".repeat(64)}`,
    ),
  },
  { weight: 1, arbitrary: shortTexts.map((text) => `/${encodeURIComponent(text.toWellFormed())}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "//evil.example/",
      "/..%2f..",
      "/%",
      "/%zz",
      "/oauth/../mcp",
      "/oauth/authorize/",
      "/mcp/",
      "*",
    ),
  },
);

const known: Readonly<Record<string, readonly string[]>> = {
  response_type: ["code", "token", ""],
  client_id: ["test-client", "https://claude.ai/oauth/claude-code-client-metadata", "reg_AAAA", ""],
  client_secret: ["test-client-secret-0123456789", "wrong"],
  redirect_uri: [
    "https://claude.ai/api/mcp/auth_callback",
    "http://localhost:1/callback",
    "https://evil.example/",
    "javascript:alert(1)",
  ],
  code_challenge: ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "short"],
  code_challenge_method: ["S256", "plain"],
  code_verifier: ["v".repeat(43)],
  state: ["s"],
  scope: ["email:read email:write", "openid"],
  resource: ["https://evil.example/mcp", ""],
  grant_type: ["authorization_code", "refresh_token", "password"],
  code: ["0".repeat(48)],
  refresh_token: ["0".repeat(64)],
  token: ["0".repeat(64)],
  ui_locales: ["de", "fr-CA fr en", "xx"],
  login_hint: ["ann@example.test"],
  prompt: ["none", "login consent"],
  request: ["", "AAAA"],
  provider: ["generic", "gmail", "nobody"],
  address: ["ann@nowhere.invalid", "a@b", ""],
  password: ["x"],
  imap_host: ["127.0.0.1", "localhost", "0x7f.1", "[::1]"],
  imap_port: ["993", "1", "-1", "65536"],
  imap_tls: ["true", "false"],
  smtp_host: ["127.0.0.1"],
  smtp_port: ["465", "1"],
  level: ["read", "organise", "send", "admin"],
  [fieldNames.next]: ["go", "ask", "add", "finish", "cancel"],
};
const values = (name: string) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...(Object.hasOwn(known, name) ? (known[name] ?? []) : [""])) },
    { weight: 3, arbitrary: shortTexts },
    { weight: 1, arbitrary: runs.map((text) => text.slice(0, 20_000)) },
  );
const parameter = fc
  .constantFrom(...Object.keys(known), "x", "__proto__")
  .chain((name) => fc.tuple(fc.constant(name), values(name)));

/** Most required parameters of one request, now and then twice or not at all. */
const authorization = fc
  .array(parameter, { maxLength: 4 })
  .map((more) => [
    ...["response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method"].map(
      (name): [string, string] => [name, known[name]?.[0] ?? ""],
    ),
    ...more,
  ]);
const encodeAll = (pairs: readonly (readonly [string, string])[]) =>
  pairs
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed())}`)
    .join("&");
const queries = fc.oneof(
  { weight: 3, arbitrary: authorization.map(encodeAll) },
  { weight: 3, arbitrary: fc.array(parameter, { maxLength: 10 }).map(encodeAll) },
  { weight: 1, arbitrary: shortTexts.map((text) => text.replace(/[\s#]/g, "+")) },
  { weight: 1, arbitrary: fc.constantFrom("%", "%zz=%ff", "&&&==", "a[]=1&a[b]=2", "") },
);

const headerValues = fc.oneof(
  fc.constantFrom(
    ..."application/json application/x-www-form-urlencoded multipart/form-data;boundary=x text/plain text/event-stream */* https://evil.test null same-origin cross-site none navigate de;q=0.9 Bearer Basic 127.0.0.1 ::1 for=1.2.3.4 gzip 2025-06-18 1999-01-01 0 -1 100-continue websocket".split(
      " ",
    ),
  ),
  shortTexts.map((text) => text.replace(/[^\t -~\u0080-\u00ff]/g, "?")),
  fc.constant(`Basic ${Buffer.from("test-client:%zz:x").toString("base64")}`),
  fc.constant(`Bearer ${"0".repeat(64)}`),
);
const headerNames = fc.constantFrom(
  ..."Content-Type Accept Accept-Language Origin Referer Sec-Fetch-Site Sec-Fetch-Mode Cookie Authorization X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto Forwarded Mcp-Session-Id MCP-Protocol-Version Last-Event-ID If-None-Match Range Accept-Encoding Access-Control-Request-Method Access-Control-Request-Headers User-Agent X-Request-Id Upgrade".split(
    " ",
  ),
);

const jsonBodies = fc.oneof(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc
    .record({
      redirect_uris: fc.oneof(fc.constant(["https://claude.ai/api/mcp/auth_callback"]), fc.jsonValue()),
      client_name: shortTexts,
      token_endpoint_auth_method: fc.constantFrom("none", "client_secret_post", 1),
      grant_types: fc.jsonValue(),
      logo_uri: shortTexts,
    })
    .map((value) => JSON.stringify(value)),
);
const multipart = fc
  .array(fc.tuple(fc.constantFrom(...Object.keys(known)), shortTexts), { maxLength: 4 })
  .map(
    (all) =>
      `${all.map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"; filename="${value}"\r\n\r\n${value}\r\n`).join("")}--x--\r\n`,
  );

export const httpRequests: fc.Arbitrary<HttpRequest> = fc.record({
  method: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom("GET", "POST") },
    {
      weight: 1,
      arbitrary: fc.constantFrom("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"),
    },
  ),
  path: paths,
  query: queries,
  headers: fc.array(fc.tuple(headerNames, headerValues), { maxLength: 5 }),
  body: fc.oneof(
    fc.array(parameter, { maxLength: 12 }).map(encodeAll),
    jsonBodies,
    multipart,
    shortTexts,
    fc.constant(""),
  ),
});

/** Fields of the form of a valid request. */
export const formFieldSoup = fc
  .array(
    fc
      .constantFrom(
        "provider",
        "address",
        "password",
        "username",
        "imap_host",
        "imap_port",
        "imap_tls",
        "smtp_host",
        "smtp_port",
        "smtp_secure",
        "level",
        "display_name",
        fieldNames.next,
      )
      .chain((name) => fc.tuple(fc.constant(name), values(name))),
    { maxLength: 12 },
  )
  .map((pairs): Record<string, string> => Object.fromEntries(pairs));
