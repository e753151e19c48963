/** The file of further issuers that SIGN_IN_FILE names: a JSON list, validated as a whole. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { StartError } from "../errors.ts";
import { findPreset } from "../providers/presets.ts";
import type { Issuer } from "./issuer.ts";

const isLoopbackUrl = (text: string) =>
  ["localhost", "127.0.0.1", "[::1]"].includes(new URL(text).hostname) && text.startsWith("http:");

const webUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && (text.startsWith("https://") || isLoopbackUrl(text)),
    "must be an https URL",
  );

const fileServer = z.strictObject({
  host: z.string().min(1).toLowerCase(),
  port: z.int().min(1).max(65_535),
  security: z.enum(["tls", "starttls"]),
});

/** An entry of SIGN_IN_FILE. */
const fileIssuer = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "must be lower-case characters, digits and hyphens"),
    name: z.string().min(1).max(60),
    issuer: webUrl.optional(),
    authorization_endpoint: webUrl.optional(),
    token_endpoint: webUrl.optional(),
    revocation_endpoint: webUrl.optional(),
    client_id: z.string().min(1),
    client_secret: z.string().min(1).optional(),
    scopes: z.array(z.string().regex(/^[!#-[\]-~]+$/, "must be scopes (RFC 6749 section 3.3)")).min(1),
    sending_scopes: z.array(z.string().regex(/^[!#-[\]-~]+$/)).default([]),
    domains: z.array(z.string().min(1).toLowerCase()).default([]),
    providers: z
      .array(z.string().refine((id) => findPreset(id) !== undefined, "must be ids that list_providers names"))
      .default([]),
    passwords: z.boolean().optional(),
    parameters: z.record(z.string(), z.string()).default({}),
    prompt: z.string().min(1).default("login"),
    imap: fileServer,
    smtp: fileServer,
  })
  .refine(
    (entry) => (entry.authorization_endpoint === undefined) === (entry.token_endpoint === undefined),
    "authorization_endpoint and token_endpoint belong together",
  )
  .refine(
    (entry) => entry.issuer !== undefined || entry.token_endpoint !== undefined,
    "issuer, or authorization_endpoint and token_endpoint, must be given",
  );

/** Parameters that the sign-in itself sets, by which an entry could switch off a check. */
const ownParameters: ReadonlySet<string> = new Set([
  ..."client_id redirect_uri response_type response_mode scope state nonce".split(" "),
  ..."code_challenge code_challenge_method request request_uri login_hint max_age".split(" "),
]);

/** Reads the file. Throws StartError, in one line that names the entry, when it cannot be read or is wrong. */
export function readIssuerFile(path: string): Issuer[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new StartError(`SIGN_IN_FILE: ${path} cannot be read as JSON.`, { cause });
  }
  const parsed = z.array(fileIssuer).safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.map(String).join(".") || "the file";
    throw new StartError(`SIGN_IN_FILE: ${path}: ${place}: ${issue?.message ?? "is wrong"}.`);
  }
  return parsed.data.map((entry) => {
    const taken = Object.keys(entry.parameters).find((name) => ownParameters.has(name));
    if (taken !== undefined)
      throw new StartError(`SIGN_IN_FILE: ${path}: ${entry.id}: parameters must not set ${taken}.`);
    return toIssuer(entry);
  });
}

/** A company that takes passwords goes on to take them beside the sign-in. */
const takesPasswords = (presetId: string) => findPreset(presetId)?.appPassword.kind !== "unavailable";

function toIssuer(entry: z.output<typeof fileIssuer>): Issuer {
  const { authorization_endpoint: authorization, token_endpoint: token } = entry;
  return {
    id: entry.id,
    name: entry.name,
    url: entry.issuer ?? new URL(authorization ?? "").origin,
    endpoints:
      authorization === undefined || token === undefined
        ? undefined
        : { authorization, token, revocation: entry.revocation_endpoint },
    clientId: entry.client_id,
    clientSecret: entry.client_secret,
    tenant: undefined,
    scopes: entry.scopes,
    sendingScopes: entry.sending_scopes,
    domains: entry.domains,
    presets: entry.providers,
    takesPasswords: entry.passwords ?? entry.providers.some(takesPasswords),
    parameters: entry.parameters,
    accountPrompt: entry.prompt,
    imap: entry.imap,
    smtp: entry.smtp,
  };
}
