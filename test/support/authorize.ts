/** The authorization code flow over HTTP, as a browser and an OAuth client go through it: form, code, token. */
import { createHash, randomBytes } from "node:crypto";
import { Parser } from "htmlparser2";
import type { MailServer } from "../../src/credentials.ts";
import { mailServer, type User } from "./mail-server.ts";

/** The address and static client of a product: in this process, as a binary, or behind a proxy. */
export type Entrance = { url: string; clientId: string; clientSecret: string };

export type Level = "read" | "organise" | "approve" | "send";

export const redirectUri = "https://claude.ai/api/mcp/auth_callback";

export type Authorization = {
  verifier: string;
  state: string;
  /** The form's action, and its fields with the values that the page gave them. */
  action: string;
  fields: Record<string, string>;
  html: string;
};

/** Reads the first form of a page: its action, and its fields without buttons. */
export function readForm(html: string): { action: string; fields: Record<string, string> } {
  const fields: Record<string, string> = {};
  let action = "";
  let select = "";
  const parser = new Parser({
    onopentag(name, at) {
      if (name === "form") action ||= at.action ?? "";
      if (name === "select") select = at.name ?? "";
      if (name === "option" && select && (!(select in fields) || "selected" in at))
        fields[select] = at.value ?? "";
      if (name !== "input" || !at.name) return;
      const choice = at.type === "radio" || at.type === "checkbox";
      if (!choice || "checked" in at) fields[at.name] = at.value ?? "";
    },
    onclosetag(name) {
      if (name === "select") select = "";
    },
  });
  parser.end(html);
  return { action, fields };
}

/** Sends GET /oauth/authorize with PKCE. Throws with the page when the response is not the form. */
export async function beginAuthorization(
  product: Entrance,
  overrides: Readonly<Record<string, string>> = {},
): Promise<Authorization> {
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(12).toString("hex");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: product.clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
    scope: "email:read email:write",
    resource: `${product.url}/mcp`,
    ...overrides,
  });
  const response = await fetch(`${product.url}/oauth/authorize?${query}`, { redirect: "manual" });
  const html = await response.text();
  if (response.status !== 200) throw new Error(`authorize answered ${response.status}: ${html}`);
  return { verifier, state, html, ...readForm(html) };
}

/** Returns the form's fields for a user of a mail server whose hosts are entered by hand. */
export function formFields(
  user: User,
  servers: { imap: MailServer; smtp: MailServer },
  level: Level = "send",
): Record<string, string> {
  return {
    provider: "generic",
    address: user.address,
    password: user.password,
    imap_host: servers.imap.host,
    imap_port: String(servers.imap.port),
    imap_tls: String(servers.imap.security === "tls"),
    smtp_host: servers.smtp.host,
    smtp_port: String(servers.smtp.port),
    smtp_secure: String(servers.smtp.security === "tls"),
    level,
    // The page proposes the brake; tests that are about it turn it on.
    ask_for_new_people: "",
  };
}

/** Submits the form as a browser does. Does not follow the redirect. */
export function submitForm(
  product: Entrance,
  form: { action: string; fields: Readonly<Record<string, string>> },
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(new URL(form.action, product.url), {
    method: "POST",
    redirect: "manual",
    headers: { Origin: product.url, "Sec-Fetch-Site": "same-origin", ...headers },
    body: new URLSearchParams({ ...form.fields, ...fields }),
  });
}

export type Tokens = { accessToken: string; refreshToken: string; scope: string };

/** Sends POST /oauth/token as the static client. */
export function requestToken(product: Entrance, fields: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${product.url}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      client_id: product.clientId,
      client_secret: product.clientSecret,
      ...fields,
    }),
  });
}

/** Redeems a code. Throws with the response when it is not a token. */
export async function redeemCode(
  product: Entrance,
  code: string,
  verifier: string,
  publicUrl = product.url,
  redirect = redirectUri,
): Promise<Tokens> {
  const response = await requestToken(product, {
    grant_type: "authorization_code",
    code,
    code_verifier: verifier,
    redirect_uri: redirect,
    resource: `${publicUrl}/mcp`,
  });
  const answer: unknown = await response.json();
  if (response.status !== 200)
    throw new Error(`token answered ${response.status}: ${JSON.stringify(answer)}`);
  const { access_token, refresh_token, scope } = answer as Record<string, string>;
  return { accessToken: access_token ?? "", refreshToken: refresh_token ?? "", scope: scope ?? "" };
}

/** Returns the parameters of the redirect to the client. Throws with the page when the form was refused. */
export async function requireCode(response: Response): Promise<URLSearchParams> {
  const location = response.headers.get("location");
  if (response.status !== 303 || !location)
    throw new Error(`the form answered ${response.status}: ${await response.text()}`);
  return new URL(location).searchParams;
}

/** Connects one mailbox through the form. `servers` defaults to the shared mail server. */
export async function connectMailbox(
  product: Entrance,
  user: User,
  options: { level?: Level; servers?: { imap: MailServer; smtp: MailServer } } = {},
): Promise<Tokens> {
  const servers = options.servers ?? (await mailServer());
  const begun = await beginAuthorization(product);
  const answer = await submitForm(product, begun, formFields(user, servers, options.level));
  const query = await requireCode(answer);
  return redeemCode(product, query.get("code") ?? "", begun.verifier);
}
