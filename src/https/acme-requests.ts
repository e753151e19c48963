/** Signed requests to an ACME server (RFC 8555 section 6): JWS, nonces, the account's URL, and problem documents. */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { sendToAuthority } from "../outbound/authority-request.ts";
import { signBytes, toPublicJwk } from "../secrets.ts";
import { AcmeError, readRetryAfter } from "./acme-error.ts";

/** The directory (RFC 8555 section 7.1.1); `renewalInfo` by RFC 9773 section 3. */
const directory = z.object({
  newNonce: z.string(),
  newAccount: z.string(),
  newOrder: z.string(),
  renewalInfo: z.string().optional(),
});

type Directory = z.infer<typeof directory>;

type Answer = {
  json: unknown;
  text: string;
  /** The Location header, or "". */
  location: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
};

/**
 * Attempts of one request whose nonce is refused. An authority with several front ends refuses many good nonces, and
 * Pebble does so on purpose: three attempts were too few.
 */
const maxNonceAttempts = 12;

export type RequestDeps = {
  directoryUrl: string;
  /** The account's P-256 private key, PEM. */
  accountKey: string;
  /** An address for the authority's warnings. */
  contact: string | undefined;
  clock: Clock;
  send: typeof sendToAuthority;
};

export type SignedRequests = ReturnType<typeof createSignedRequests>;

export function createSignedRequests({ directoryUrl, accountKey, contact, clock, send }: RequestDeps) {
  let known: Directory | undefined;
  let accountUrl: string | undefined;
  let nonce: string | undefined;

  async function request(...[url, options]: Parameters<typeof send>) {
    try {
      return await send(url, options);
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "connection";
      const host = URL.canParse(url) ? new URL(url).host : directoryUrl;
      throw new AcmeError(code, `The certificate authority ${host} does not answer.`, { cause });
    }
  }

  async function readDirectory(): Promise<Directory> {
    if (known !== undefined) return known;
    const { json } = await get(directoryUrl);
    const parsed = directory.safeParse(json);
    if (!parsed.success)
      throw new AcmeError(
        "directory",
        `ACME_DIRECTORY: ${directoryUrl} is not the directory of an ACME server.`,
      );
    known = parsed.data;
    return known;
  }

  async function get(url: string): Promise<Answer> {
    return toAnswer(await request(url, { method: "GET" }));
  }

  function toAnswer(response: Awaited<ReturnType<typeof send>>): Answer {
    const replay = response.headers["replay-nonce"];
    if (typeof replay === "string") nonce = replay;
    const json = parseJson(response.text);
    if (response.status >= 200 && response.status < 300)
      return {
        json,
        text: response.text,
        location: String(response.headers.location ?? ""),
        headers: response.headers,
      };
    const { type, detail } = readProblem(json, response.status);
    throw new AcmeError(type, detail, {
      retryAfterMs: readRetryAfter(response.headers["retry-after"], clock.now()),
    });
  }

  async function takeNonce(): Promise<string> {
    if (nonce === undefined) {
      const { newNonce } = await readDirectory();
      const { headers } = await request(newNonce, { method: "HEAD" });
      if (typeof headers["replay-nonce"] !== "string")
        throw new AcmeError("badNonce", "The certificate authority gives no nonce.");
      nonce = headers["replay-nonce"];
    }
    const taken = nonce;
    nonce = undefined;
    return taken;
  }

  /** Signs and sends; `payload` undefined is a POST-as-GET (RFC 8555 section 6.3). */
  async function post(url: string, payload: unknown, accept?: string): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const identity = accountUrl === undefined ? { jwk: toPublicJwk(accountKey) } : { kid: accountUrl };
      const header = { alg: "ES256", nonce: await takeNonce(), url, ...identity };
      const body = toJws(accountKey, header, payload);
      try {
        return toAnswer(await request(url, { method: "POST", body, accept }));
      } catch (error) {
        // RFC 8555 section 6.5: a refusal brings a fresh nonce.
        const isNonce = error instanceof AcmeError && error.type === "badNonce";
        if (!isNonce || attempt >= maxNonceAttempts) throw error;
      }
    }
  }

  return {
    directory: readDirectory,
    get,
    post,

    /** Creates the account, or finds the one of this key (RFC 8555 section 7.3). */
    async openAccount(): Promise<void> {
      accountUrl = undefined;
      const { newAccount } = await readDirectory();
      const { location } = await post(newAccount, {
        termsOfServiceAgreed: true,
        contact: contact === undefined ? undefined : [`mailto:${contact}`],
      });
      accountUrl = location;
    },

    fetchChain: (url: string) => post(url, undefined, "application/pem-certificate-chain"),
  };
}

/** The flattened JSON serialization of a JWS (RFC 7515 section 7.2.2). */
function toJws(keyPem: string, header: unknown, payload: unknown): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = { protected: encode(header), payload: payload === undefined ? "" : encode(payload) };
  const signature = signBytes(keyPem, Buffer.from(`${signed.protected}.${signed.payload}`), "jws");
  return JSON.stringify({ ...signed, signature: signature.toString("base64url") });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const problemDocument = z.object({ type: z.string(), detail: z.string().catch("") });

/** Reads a problem document (RFC 7807). */
function readProblem(json: unknown, status: number): { type: string; detail: string } {
  const parsed = problemDocument.safeParse(json);
  return parsed.success
    ? parsed.data
    : { type: `http ${status}`, detail: `The certificate authority answers ${status}.` };
}
