/** A person with a browser in front of the whole product, whose mail companies all lead to the run's own servers. */
import { createHash, randomBytes } from "node:crypto";
import type { Page } from "playwright-core";
import { createOutbound, type Outbound } from "../../src/outbound/outbound.ts";
import type { Entrance, Tokens } from "../support/authorize.ts";
import { withPage } from "../support/browser.ts";
import { mailServer } from "../support/mail-server.ts";
import { type ProductOptions, startProduct, type TestProduct } from "../support/product.ts";

/** Names of the test's own making: host and port of mail servers, and what the DNS of a domain says. */
export type World = {
  /** `imap.gmail.com:993` -> where it really leads; any other host is unknown. */
  servers?: Readonly<Record<string, { host: string; port: number }>>;
  mx?: Readonly<Record<string, string[]>>;
  srv?: Readonly<Record<string, { host: string; port: number }[]>>;
};

/** The real way out, but for names that the test owns; the certificate is still verified, for `localhost`. */
export function createWorld({ servers = {}, mx = {}, srv = {} }: World): Outbound {
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

/** The servers of a company, leading to the run's Dovecot and submission server. */
export async function companyServers(company: {
  imap: string;
  smtp: string;
  smtpPort?: number;
}): Promise<NonNullable<World["servers"]>> {
  const kit = await mailServer();
  const { smtpPort = 465 } = company;
  return {
    [`${company.imap}:993`]: kit.imap,
    [`${company.smtp}:${smtpPort}`]: smtpPort === 465 ? kit.smtp : kit.smtpStarttls,
  };
}

export type Visit = {
  page: Page;
  product: TestProduct;
  /** Opens the authorization page as the client would. */
  open(): Promise<void>;
  /** What the client's callback was given, once the browser has arrived there. */
  arrived(): Promise<URLSearchParams>;
  /** The tokens for the code the browser arrived with. */
  redeem(): Promise<Tokens>;
  /** What the browser complained about: errors of scripts, and of the page's policy. */
  complaints: string[];
};

/** Lends a browser in front of a started product, and a client that waits for its callback on loopback. */
export async function withVisit(
  work: (visit: Visit) => Promise<void>,
  options: { world?: World; script?: boolean; product?: ProductOptions; language?: string } = {},
): Promise<void> {
  const callback = createCallback();
  const product = await startProduct({
    ...options.product,
    ...(options.world ? { outbound: createWorld(options.world) } : {}),
  });
  const verifier = randomBytes(32).toString("base64url");
  const redirectUri = `http://localhost:${callback.port}/callback`;
  const complaints: string[] = [];
  try {
    await withPage(
      async (page) => {
        page.setDefaultTimeout(10_000);
        page.on("pageerror", (error) => complaints.push(error.message));
        page.on("console", (message) => {
          if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
            complaints.push(message.text());
        });
        const query = toQuery(product, redirectUri, verifier);
        const code = async () => (await callback.arrived).get("code") ?? "";
        await work({
          page,
          product,
          complaints,
          open: async () => void (await page.goto(`${product.url}/oauth/authorize?${query}`)),
          arrived: () => callback.arrived,
          redeem: async () => redeem(product, await code(), verifier, redirectUri),
        });
      },
      { javaScriptEnabled: options.script ?? true, locale: options.language ?? "en-GB" },
    );
  } finally {
    await product.stop();
    callback.stop();
  }
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

/** A client that listens on loopback, as Claude Code does. */
function createCallback() {
  const { promise: arrived, resolve } = Promise.withResolvers<URLSearchParams>();
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
  return { port: server.port, arrived, stop: () => server.stop(true) };
}
