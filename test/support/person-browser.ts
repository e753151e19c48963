/** A person's browser on the approval and connection pages, by fetch: it keeps cookies and sends forms as browsers do. */
import { Parser } from "htmlparser2";
import type { MailServer } from "../../src/credentials.ts";
import {
  beginAuthorization,
  type Entrance,
  formFields,
  type Level,
  redeemCode,
  redirectUri,
  requireCode,
  submitForm,
} from "./authorize.ts";
import { mailServer, type User } from "./mail-server.ts";
import { cardCapabilities, openClient, type TestClient, type ToolAnswer } from "./mcp-client.ts";
import { freePort } from "./ports.ts";
import { type ProductOptions, startProduct, type TestProduct } from "./product.ts";

/** A product behind a public https URL, which listens on plain http as behind a proxy. */
export type PublicProduct = TestProduct & { publicUrl: string };

/** Starts a product whose PUBLIC_URL is https, so that cookies decide. */
export async function startPublicProduct(options: ProductOptions = {}): Promise<PublicProduct> {
  const port = options.settings?.PORT ?? String(await freePort());
  const publicUrl = "https://mail.example";
  const product = await startProduct({
    ...options,
    settings: { ...options.settings, PORT: port, PUBLIC_URL: publicUrl },
  });
  return { ...product, publicUrl, url: `http://localhost:${port}` };
}

export type PersonBrowser = {
  /** Name and value of each cookie. */
  cookies: Map<string, string>;
  get(url: string): Promise<Page>;
  /** Sends a form from the page itself. */
  post(
    url: string,
    fields: Readonly<Record<string, string>> | URLSearchParams,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Page>;
};

export type Page = {
  status: number;
  html: string;
  /** The words, without tags. */
  text: string;
  /** Values of the named inputs. */
  fields: Record<string, string>;
  /** The state of the approval, as the heading names it. */
  state: string | undefined;
  headers: Headers;
};

/** Opens a browser. URLs under the public URL go to where the product listens. */
export function openBrowser(product: { url: string; publicUrl?: string }): PersonBrowser {
  const cookies = new Map<string, string>();
  const origin = product.publicUrl ?? product.url;

  async function send(url: string, init: RequestInit): Promise<Page> {
    const target = url.startsWith("/") ? `${product.url}${url}` : url.replace(origin, product.url);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(target, {
      ...init,
      redirect: "manual",
      headers: { ...(cookie ? { Cookie: cookie } : {}), ...init.headers },
    });
    keepCookies(cookies, response.headers);
    return readPage(response);
  }

  return {
    cookies,
    get: (url) => send(url, {}),
    post: (url, fields, headers = {}) =>
      send(url, {
        method: "POST",
        headers: { Origin: origin, "Sec-Fetch-Site": "same-origin", ...headers },
        body: new URLSearchParams(fields),
      }),
  };
}

function keepCookies(cookies: Map<string, string>, headers: Headers): void {
  for (const line of headers.getSetCookie()) {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === "") cookies.delete(name);
    else cookies.set(name, value);
  }
}

async function readPage(response: Response): Promise<Page> {
  const html = await response.text();
  const fields: Record<string, string> = {};
  let state: string | undefined;
  let text = "";
  let isHidden = false;
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === "style" || name === "script") isHidden = true;
      if (name === "input" && attributes.name) fields[attributes.name] = attributes.value ?? "";
      state ??= attributes["data-state"];
    },
    ontext(words) {
      if (!isHidden) text += words;
    },
    onclosetag(name) {
      if (name === "style" || name === "script") isHidden = false;
      if (["p", "li", "dd", "dt", "h1", "h2", "button", "summary"].includes(name)) text += "\n";
    },
  });
  parser.end(html);
  const { status, headers } = response;
  return { status, html, text, fields, state, headers };
}

export type ConnectedPerson = { user: User; browser: PersonBrowser; client: TestClient; accessToken: string };

/** Connects a mailbox through the form in a new browser, which keeps the grant's cookie, and opens a client. */
export async function connectInBrowser(
  product: Entrance & { publicUrl?: string },
  options: {
    user?: User;
    level?: Level;
    fields?: Readonly<Record<string, string>>;
    servers?: { imap: MailServer; smtp: MailServer };
    /** By default Claude's own servers. */
    redirectUri?: string;
    /** The client announces that it shows cards. */
    showsCards?: boolean;
  } = {},
): Promise<ConnectedPerson> {
  const kit = await mailServer();
  const user = options.user ?? (await kit.newUser());
  const browser = openBrowser(product);
  const origin = product.publicUrl ?? product.url;
  const redirect = options.redirectUri ?? redirectUri;
  const begun = await beginAuthorization(product, { resource: `${origin}/mcp`, redirect_uri: redirect });
  const fields = {
    ...formFields(user, options.servers ?? kit, options.level ?? "approve"),
    ...options.fields,
  };
  const answer = await submitForm(product, begun, fields, { Origin: origin });
  keepCookies(browser.cookies, answer.headers);
  const query = await requireCode(answer);
  const code = query.get("code") ?? "";
  const { accessToken } = await redeemCode(product, code, begun.verifier, origin, redirect);
  const capabilities = options.showsCards ? cardCapabilities : undefined;
  return { user, browser, accessToken, client: await openClient(product, accessToken, { capabilities }) };
}

export type WaitingApproval = { id: string; kind: string; state: string; url: string; expires_at: string };

/** The approval in a tool's answer. Throws when there is none. */
export function approvalOf({ data, text }: ToolAnswer): WaitingApproval {
  const { approval } = data as { approval?: WaitingApproval };
  if (!approval) throw new Error(`no approval in: ${text}`);
  return approval;
}
