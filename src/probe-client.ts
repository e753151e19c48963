/** The HTTP client of `doctor`: one request to PUBLIC_URL from outside, with its timings and certificate. */
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect, TLSSocket } from "node:tls";

export type ProbeResponse = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
  /** Milliseconds from the start of the request to the arrival of each chunk of the body. */
  chunkTimesMs: readonly number[];
  /** Milliseconds from the start of the request to the end of the body. */
  totalMs: number;
  /** End of the certificate's validity in milliseconds since the epoch; undefined without TLS. */
  certificateEndsAt: number | undefined;
  /** Its start. */
  certificateStartsAt: number | undefined;
};

/**
 * Sends one request. Follows no redirect, verifies the certificate. Rejects with the error of the connection, also
 * when the response is not complete after `timeoutMs` (default 10 s).
 */
export function sendProbe(
  url: string,
  options: {
    method?: string;
    headers?: Readonly<Record<string, string>>;
    body?: string | Uint8Array;
    /** The name in SNI and in the certificate, when the URL has an address. */
    servername?: string;
    timeoutMs?: number;
  } = {},
): Promise<ProbeResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<ProbeResponse>();
  const startedAt = performance.now();
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  const request = send(
    url,
    {
      method: options.method ?? "GET",
      headers: { "User-Agent": "email-connector doctor", ...options.headers },
      servername: options.servername,
      agent: false,
      signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
    },
    (response) => readResponse(response, startedAt).then(resolve, reject),
  );
  request.on("error", reject);
  request.end(options.body);
  return promise;
}

async function readResponse(response: IncomingMessage, startedAt: number): Promise<ProbeResponse> {
  // Read before the body: the socket is gone once the response has ended.
  const { certificateStartsAt, certificateEndsAt } = readValidity(response);
  const elapsedMs = () => Math.round(performance.now() - startedAt);
  const chunks: Buffer[] = [];
  const chunkTimesMs: number[] = [];
  for await (const chunk of response) {
    chunkTimesMs.push(elapsedMs());
    chunks.push(Buffer.from(chunk));
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString("utf8"),
    chunkTimesMs,
    totalMs: elapsedMs(),
    certificateStartsAt,
    certificateEndsAt,
  };
}

function readValidity({ socket }: IncomingMessage) {
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined;
  const toTime = (text: string | undefined) => {
    const time = Date.parse(text ?? "");
    return Number.isNaN(time) ? undefined : time;
  };
  return {
    certificateStartsAt: toTime(certificate?.valid_from),
    certificateEndsAt: toTime(certificate?.valid_to),
  };
}

/**
 * Reads the certificate that this machine's own listener presents. Resolves with its SHA-256 in the form of node:tls;
 * undefined when there was no TLS handshake. `host` is the address it listens on.
 */
export function readServedCertificate({
  host,
  port,
}: {
  host: string;
  port: number;
}): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const address = { "::": "::1", "0.0.0.0": "127.0.0.1" }[host] ?? host;
  // Not verified, but compared by the caller: only whether this certificate is served matters.
  const socket = connect({ host: address, port, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  socket.setTimeout(5_000, () => socket.destroy());
  socket.on("error", () => resolve(undefined));
  socket.on("close", () => resolve(undefined));
  return promise;
}
