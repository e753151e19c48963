/** The authorization flow in a browser, with the whole product and a fake network of mail providers. */
import { createHash, randomBytes } from "node:crypto";
import type { Page } from "playwright-core";
import { createOutbound, type Outbound } from "../../src/outbound/outbound.ts";
import type { Entrance, Tokens } from "../support/authorize.ts";
import { withPage } from "../support/browser.ts";
import { mailServer } from "../support/mail-server.ts";
import { type ProductOptions, startProduct, type TestProduct } from "../support/product.ts";

/** The hosts and DNS records of a fake network. */
type FakeNetwork = {
  /** The real server of each `host:port`, such as `imap.gmail.com:993`; every other host is unknown. */
  servers?: Readonly<Record<string, { host: string; port: number }>>;
  mx?: Readonly<Record<string, string[]>>;
  srv?: Readonly<Record<string, { host: string; port: number }[]>>;
};

/** Creates an outbound that redirects the hosts of the network; certificates are still verified, for `localhost`. */
export function createFakeNetwork({ servers = {}, mx = {}, srv = {} }: FakeNetwork): Outbound {
  const real = createOutbound({
    allowPrivateHosts: ["localhost", "127.0.0.0/8"],
    resolve: { addresses: async (name) => (name === "localhost" ? ["127.0.0.1"] : []) },
    refusalMs: 0,
  });
  return {
    ...real,
    vet: ({ host, port }) => real.vet(servers[`${host}:${port}`] ?? { host, port }),
    resolveMx: async (domain) => mx[domain] ?? [],
    resolveSrv: async (name) => srv[name] ?? [],
    fetchText: async () => undefined,
  };
}

/** Maps the hosts of a provider to the run's Dovecot and submission server. */
export async function providerServers(provider: {
  imap: string;
  smtp: string;
  smtpPort?: number;
}): Promise<NonNullable<FakeNetwork["servers"]>> {
  const kit = await mailServer();
  const { smtpPort = 465 } = provider;
  return {
    [`${provider.imap}:993`]: kit.imap,
    [`${provider.smtp}:${smtpPort}`]: smtpPort === 465 ? kit.smtp : kit.smtpStarttls,
  };
}

/** The authorization flow of a client that waits for its callback on loopback, in any browser. */
type ClientFlow = {
  product: TestProduct;
  /** The URL that the client opens in the browser. */
  url: string;
  /** Resolves with the parameters of the client's callback, once the browser has requested it. */
  callback(): Promise<URLSearchParams>;
  /** Redeems the code of the callback. */
  redeem(): Promise<Tokens>;
};

type FlowOptions = { network?: FakeNetwork; product?: ProductOptions };

/** Runs `work` with a started product, and a client. */
export async function withClientFlow(
  work: (flow: ClientFlow) => Promise<void>,
  options: FlowOptions = {},
): Promise<void> {
  const client = startCallbackServer();
  const product = await startProduct({
    ...options.product,
    outbound: options.network && createFakeNetwork(options.network),
  });
  const verifier = randomBytes(32).toString("base64url");
  const redirectUri = `http://localhost:${client.port}/callback`;
  const code = async () => (await client.called).get("code") ?? "";
  try {
    await work({
      product,
      url: `${product.url}/oauth/authorize?${toQuery(product, redirectUri, verifier)}`,
      callback: () => client.called,
      redeem: async () => redeem(product, await code(), verifier, redirectUri),
    });
  } finally {
    await product.stop();
    client.stop();
  }
}

type BrowserFlow = Omit<ClientFlow, "url"> & {
  page: Page;
  /** Opens the authorization page as the client would. */
  open(): Promise<void>;
  /** Errors in the browser: of scripts, and of the Content-Security-Policy. */
  browserErrors: string[];
};

/** Runs `work` with Chromium, a started product, and a client. */
export async function withBrowserFlow(
  work: (flow: BrowserFlow) => Promise<void>,
  options: FlowOptions & { script?: boolean; language?: string } = {},
): Promise<void> {
  const browserErrors: string[] = [];
  const use = ({ url, ...flow }: ClientFlow) =>
    withPage(
      async (page) => {
        page.setDefaultTimeout(10_000);
        page.on("pageerror", (error) => browserErrors.push(error.message));
        page.on("console", (message) => {
          if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
            browserErrors.push(message.text());
        });
        await work({ ...flow, page, browserErrors, open: async () => void (await page.goto(url)) });
      },
      { javaScriptEnabled: options.script ?? true, locale: options.language ?? "en-GB" },
    );
  await withClientFlow(use, options);
}

function toQuery(product: Entrance, redirectUri: string, verifier: string): URLSearchParams {
  return new URLSearchParams({
    response_type: "code",
    client_id: product.clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state: "the-state",
  });
}

async function redeem(
  product: Entrance,
  code: string,
  verifier: string,
  redirectUri: string,
): Promise<Tokens> {
  const response = await fetch(`${product.url}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: product.clientId,
      client_secret: product.clientSecret,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      code,
    }),
  });
  const answer = (await response.json()) as Record<string, string>;
  if (response.status !== 200) throw new Error(`token answered ${response.status}: ${answer.error}`);
  return {
    accessToken: answer.access_token ?? "",
    refreshToken: answer.refresh_token ?? "",
    scope: answer.scope ?? "",
  };
}

/** Starts a client that listens on loopback, as Claude Code does. */
function startCallbackServer() {
  const { promise: called, resolve } = Promise.withResolvers<URLSearchParams>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const url = new URL(request.url);
      if (url.pathname !== "/callback") return new Response(null, { status: 404 });
      resolve(url.searchParams);
      return new Response("<!doctype html><title>The client</title><p>Back at the client.", {
        headers: { "Content-Type": "text/html" },
      });
    },
  });
  return { port: server.port, called, stop: () => server.stop(true) };
}
