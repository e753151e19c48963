/**
 * A mail company that takes no passwords: an issuer, a Dovecot and a submission server that ask it about access tokens,
 * and the settings under which a product lets people sign in there.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MailServer } from "../../src/credentials.ts";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { trustedAuthority } from "./authority.ts";
import { type Entrance, readForm, redeemCode, redirectUri, type Tokens } from "./authorize.ts";
import { type Browser, createBrowser } from "./cookie-browser.ts";
import { startDovecot } from "./dovecot.ts";
import { type IssuerOptions, issuerClient, startIssuer, type TestIssuer } from "./issuer.ts";
import { createMailboxAccess, type MailboxAccess } from "./mailbox-access.ts";
import { type ProductOptions, startProduct, type TestProduct } from "./product.ts";
import { deliverByLmtp, type Submission, startSubmission } from "./submission.ts";
import { temporaryFolder } from "./temporary.ts";

export type SignInCompany = {
  issuer: TestIssuer;
  mailbox: MailboxAccess;
  submission: Submission;
  /** The reply to every login at the submission server; undefined: the token decides. */
  refuseSending: { code: number; text: string } | undefined;
  imap: MailServer;
  newAddress(): string;
  /** The settings of a product with this company in SIGN_IN_FILE. `changes`: to the entry. */
  settings(changes?: Record<string, unknown>): Record<string, string>;
  /** Starts a product with these settings. */
  startProduct(options?: ProductOptions, changes?: Record<string, unknown>): Promise<TestProduct>;
  stop(): Promise<void>;
};

export type CompanyOptions = IssuerOptions & {
  /** SASL mechanisms of the IMAP server. */
  mechanisms?: string;
};

/** Writes a SIGN_IN_FILE with one entry for an issuer and servers, and returns its path. `changes`: to the entry. */
export function toIssuerFile(
  { url }: Pick<TestIssuer, "url">,
  changes: Record<string, unknown> = {},
): string {
  const nowhere = { host: "localhost", port: 9, security: "tls" };
  const entry = {
    id: "example",
    name: "Example Mail",
    issuer: url,
    client_id: issuerClient.id,
    client_secret: issuerClient.secret,
    scopes: ["openid", "email", "offline_access", "mail"],
    sending_scopes: ["mail.send"],
    domains: [companyDomain],
    parameters: { prompt: "consent" },
    imap: nowhere,
    smtp: nowhere,
    ...changes,
  };
  const file = join(temporaryFolder("sign-in"), "sign-in.json");
  writeFileSync(file, JSON.stringify([entry]));
  return file;
}

/** Addresses of the company end in this. */
export const companyDomain = "example.test";

export async function startCompany(options: CompanyOptions = {}): Promise<SignInCompany> {
  const issuer = await startIssuer(options);
  const certificate = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  const configFile = join(temporaryFolder("oauth2"), "oauth2.conf");
  writeFileSync(
    configFile,
    `introspection_mode = post
introspection_url = ${issuer.url.replace("localhost", "127.0.0.1")}/introspect
force_introspection = yes
username_attribute = sub
active_attribute = active
active_value = true
`,
  );
  const dovecot = await startDovecot({
    certificate,
    settings: `auth_mechanisms = ${options.mechanisms ?? "plain xoauth2 oauthbearer"}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${configFile}
}
`,
  });
  const company: SignInCompany = {
    issuer,
    mailbox: createMailboxAccess(dovecot.ports.imaps),
    submission: await startSubmission({
      certificate,
      deliver: deliverByLmtp(dovecot.ports.lmtp),
      check: () => false,
      exists: (address) => address.endsWith(`@${companyDomain}`),
      async checkToken(username, token) {
        const refuse = ({ code, text }: { code: number; text: string }) =>
          Object.assign(new Error(text), { responseCode: code });
        if (company.refuseSending) throw refuse(company.refuseSending);
        const found = await issuer.introspect(token);
        if (found?.address !== username || !found.scopes.has("mail.send"))
          throw refuse({ code: 535, text: "5.7.8 Authentication failed" });
      },
    }),
    refuseSending: undefined,
    imap: { host: "localhost", port: dovecot.ports.imaps, security: "tls" },
    newAddress: () => `user-${randomBytes(5).toString("hex")}@${companyDomain}`,
    settings(changes = {}) {
      const smtp = { host: "localhost", port: company.submission.ports.tls, security: "tls" };
      return { SIGN_IN_FILE: toIssuerFile(issuer, { imap: company.imap, smtp, ...changes }) };
    },
    startProduct(productOptions = {}, changes = {}) {
      const settings = { ...company.settings(changes), ...productOptions.settings };
      return startProduct({ ...productOptions, settings });
    },
    async stop() {
      await Promise.all([issuer.stop(), company.submission.stop(), dovecot.kill()]);
    },
  };
  return company;
}

/** Opens the connect form of a product in a browser, with PKCE. */
export async function openForm(product: Entrance, browser: Browser, scope = "email:read email:write") {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = new Bun.CryptoHasher("sha256").update(verifier).digest("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: product.clientId,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: "S256",
    state: "the state",
    scope,
  });
  const page = await browser.get(`${product.url}/oauth/authorize?${query}`);
  return { verifier, ...page, form: readForm(page.html) };
}

/** Presses "Continue with …" for an address; resolves with the response before any redirect. */
export function leave(
  product: Entrance,
  browser: Browser,
  form: { fields: Record<string, string> },
  fields: Record<string, string>,
): Promise<Response> {
  return browser.post(`${product.url}/oauth/connect`, {
    ...form.fields,
    ...fields,
    [fieldNames.next]: "sign-in",
  });
}

/** Signs in for an address, from the form to the page after it. */
export async function signIn(
  product: Entrance,
  options: { address: string; level?: string; browser?: Browser; fields?: Record<string, string> },
) {
  const { address, level = "send", browser = createBrowser() } = options;
  const begun = await openForm(product, browser);
  const left = await leave(product, browser, begun.form, { address, level, ...options.fields });
  const page = await browser.follow(left);
  return { ...page, verifier: begun.verifier, browser };
}

/** Signs in for an address and goes on to the client with the code. Throws with the page when it was refused. */
export async function connectBySignIn(
  product: Entrance,
  options: { address: string; level?: string; browser?: Browser; fields?: Record<string, string> },
): Promise<Tokens> {
  const { html, browser, verifier } = await signIn(product, options);
  const answer = await browser.post(`${product.url}/oauth/connect`, {
    ...readForm(html).fields,
    [fieldNames.next]: "finish",
  });
  const location = answer.headers.get("location");
  if (!location) throw new Error(`not connected: ${html}`);
  return redeemCode(product, new URL(location).searchParams.get("code") ?? "", verifier);
}
