/**
 * An ACME client (RFC 8555) for one host name and the HTTP-01 challenge, with renewal information (RFC 9773).
 *
 * Our own, because the packaged ones have no renewal information, and one certificate by one challenge needs a small
 * part of the protocol.
 */
import { z } from "zod";
import { hashSecret, newSigningKey, readCertificate, toPublicJwk } from "../secrets.ts";
import { AcmeError, readRetryAfter } from "./acme-error.ts";
import { createSignedRequests, type RequestDeps, type SignedRequests } from "./acme-requests.ts";
import { toCertificateRequest } from "./certificate-request.ts";
import { type RenewalWindow, readRenewalInfo, toCertificateId } from "./renewal-info.ts";

type AcmeDeps = RequestDeps & {
  /** Waits between two polls. */
  sleep(ms: number): Promise<void>;
  /** Publishes the answer to a challenge on port 80. Returns the function that withdraws it. */
  publish(token: string, keyAuthorization: string): () => void;
};

/** A certificate chain and its private key, both PEM. */
export type IssuedCertificate = { chain: string; key: string };

const problem = z.object({ type: z.string(), detail: z.string().catch("") });
const order = z.object({
  status: z.string(),
  authorizations: z.array(z.string()).default([]),
  finalize: z.string(),
  certificate: z.string().optional(),
  error: problem.optional().catch(undefined),
});
const authorization = z.object({
  status: z.string(),
  challenges: z.array(
    z.object({
      type: z.string(),
      url: z.string(),
      token: z.string().default(""),
      error: problem.optional().catch(undefined),
    }),
  ),
});

/** Polls of one authorization or order: with the pauses below, about three minutes. */
const maxPolls = 60;
const pollMs = { least: 500, usual: 3_000, most: 30_000 };

export type AcmeClient = ReturnType<typeof createAcmeClient>;

export function createAcmeClient(deps: AcmeDeps) {
  const requests = createSignedRequests(deps);

  /**
   * Orders a certificate for `host` (RFC 8555 section 7.1). `replaced`: the chain that it follows. Throws AcmeError,
   * also when the certificate is not for this name and key, or not valid now.
   */
  async function issue(host: string, replaced: string | undefined): Promise<IssuedCertificate> {
    await requests.openAccount();
    const placed = await placeOrder(requests, host, replaced);
    for (const url of placed.authorizations) await authorize(deps, requests, url);
    const key = newSigningKey();
    const csr = toCertificateRequest(host, key).toString("base64url");
    await poll(deps, requests, placed.url, (status) => status === "pending");
    const finalized = await requests.post(placed.finalize, { csr });
    const first = order.parse(finalized.json);
    const done =
      first.status === "valid"
        ? first
        : await poll(deps, requests, placed.url, (status) => status === "processing" || status === "ready");
    if (done.certificate === undefined)
      throw new AcmeError(done.error?.type ?? "order", done.error?.detail ?? `The order is ${done.status}.`);
    const { text: chain } = await requests.fetchChain(done.certificate);
    requireUsable(chain, { host, key, nowMs: deps.clock.now() });
    return { chain, key };
  }

  /** Asks when to renew. Undefined when the authority does not say; `askAgainMs`: when to ask the next time. */
  async function askRenewalWindow(
    chain: string,
  ): Promise<{ window: RenewalWindow | undefined; askAgainMs: number | undefined }> {
    const { renewalInfo } = await requests.directory();
    const id = toCertificateId(readCertificate(chain));
    if (renewalInfo === undefined || id === undefined) return { window: undefined, askAgainMs: undefined };
    // RFC 9773 section 4.1: a plain GET without authentication.
    const response = await requests.get(`${renewalInfo}/${id}`);
    return {
      window: readRenewalInfo(response.json),
      askAgainMs: readRetryAfter(response.headers["retry-after"], deps.clock.now()),
    };
  }

  return { issue, askRenewalWindow };
}

type PlacedOrder = z.infer<typeof order> & { url: string };

/** Places an order, naming the certificate it replaces (RFC 9773 section 5) where the authority understands that. */
async function placeOrder(
  requests: SignedRequests,
  host: string,
  replaced: string | undefined,
): Promise<PlacedOrder> {
  const { newOrder, renewalInfo } = await requests.directory();
  const identifiers = [{ type: "dns", value: host }];
  const replaces =
    renewalInfo === undefined || replaced === undefined
      ? undefined
      : toCertificateId(readCertificate(replaced));
  const place = async (payload: Record<string, unknown>) => {
    const { json, location } = await requests.post(newOrder, payload);
    return { ...order.parse(json), url: location };
  };
  try {
    return await place({ identifiers, replaces });
  } catch (error) {
    // The predecessor may be another account's, be replaced already, or be unknown to a new authority.
    const isRefusal =
      error instanceof AcmeError && /^(alreadyReplaced|malformed|unauthorized)$/.test(error.type);
    if (replaces === undefined || !isRefusal) throw error;
    return place({ identifiers });
  }
}

/** Proves control of the name (RFC 8555 sections 7.5 and 8.3). */
async function authorize(deps: AcmeDeps, requests: SignedRequests, url: string): Promise<void> {
  const read = async () => {
    const response = await requests.post(url, undefined);
    return { ...authorization.parse(response.json), headers: response.headers };
  };
  const first = await read();
  if (first.status === "valid") return;
  const challenge = first.challenges.find(({ type }) => type === "http-01");
  if (challenge === undefined)
    throw new AcmeError("unsupported", "The authority offers no http-01 challenge for this name.");
  const thumbprint = hashSecret(JSON.stringify(toPublicJwk(deps.accountKey)));
  const withdraw = deps.publish(challenge.token, `${challenge.token}.${thumbprint}`);
  try {
    await requests.post(challenge.url, {});
    for (let polls = 0; polls < maxPolls; polls += 1) {
      const { status, challenges, headers } = await read();
      if (status === "valid") return;
      if (status !== "pending") {
        const failed = challenges.find(({ error }) => error !== undefined)?.error;
        throw new AcmeError(
          failed?.type ?? "unauthorized",
          failed?.detail ?? `The authorization is ${status}.`,
        );
      }
      await deps.sleep(toPauseMs(headers["retry-after"], deps.clock.now()));
    }
    throw new AcmeError("timeout", "The authority has not checked port 80 in time.");
  } finally {
    withdraw();
  }
}

/** Reads an order until its status is final for this step. */
async function poll(
  deps: AcmeDeps,
  requests: SignedRequests,
  url: string,
  isWaiting: (status: string) => boolean,
): Promise<z.infer<typeof order>> {
  for (let polls = 0; polls < maxPolls; polls += 1) {
    const { json, headers } = await requests.post(url, undefined);
    const current = order.parse(json);
    if (current.status === "invalid")
      throw new AcmeError(current.error?.type ?? "order", current.error?.detail ?? "The order is invalid.");
    if (!isWaiting(current.status)) return current;
    await deps.sleep(toPauseMs(headers["retry-after"], deps.clock.now()));
  }
  throw new AcmeError("timeout", "The authority has not issued the certificate in time.");
}

function toPauseMs(retryAfter: string | string[] | undefined, nowMs: number): number {
  const asked = readRetryAfter(retryAfter, nowMs) ?? pollMs.usual;
  return Math.min(Math.max(asked, pollMs.least), pollMs.most);
}

/** Throws AcmeError unless the chain begins with a certificate for this host and key that is valid now. */
export function requireUsable(
  chain: string,
  { host, key, nowMs }: { host: string; key: string; nowMs: number },
): void {
  let facts: ReturnType<typeof readCertificate>;
  try {
    facts = readCertificate(chain);
  } catch (cause) {
    throw new AcmeError("certificate", "The authority's answer is not a certificate.", { cause });
  }
  if (!facts.isFor(host)) throw new AcmeError("certificate", `The certificate is not for ${host}.`);
  if (!facts.matchesKey(key)) throw new AcmeError("certificate", "The certificate is for another key.");
  if (facts.endsAt <= nowMs) throw new AcmeError("certificate", "The certificate has expired.");
}
