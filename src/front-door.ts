/** One request to our own PUBLIC_URL from outside, as a client would make it, with what `doctor` wants to know of it. */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { TLSSocket } from "node:tls";

export type Answer = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
  /** Milliseconds from the request to each piece of the body. */
  pieces: readonly number[];
  /** Milliseconds to the end. */
  tookMs: number;
  /** When the certificate ends, milliseconds since the epoch; undefined without TLS. */
  certificateEndsAt: number | undefined;
};

/** Follows no redirect; verifies the certificate. Throws the connection's own error, `timeoutMs` included. */
export function ask(
  url: string,
  options: {
    method?: string;
    headers?: Readonly<Record<string, string>>;
    body?: string | Uint8Array;
    timeoutMs?: number;
  } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const startedAt = performance.now();
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  const sent = send(
    url,
    {
      method: options.method ?? "GET",
      headers: { "User-Agent": "email-connector doctor", ...options.headers },
      agent: false,
      signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
    },
    async (response) => {
      const socket = response.socket;
      const ends =
        socket instanceof TLSSocket ? Date.parse(socket.getPeerCertificate().valid_to) : Number.NaN;
      const chunks: Buffer[] = [];
      const pieces: number[] = [];
      try {
        for await (const chunk of response) {
          pieces.push(Math.round(performance.now() - startedAt));
          chunks.push(Buffer.from(chunk));
        }
      } catch (error) {
        reject(error);
      }
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks).toString("utf8"),
        pieces,
        tookMs: Math.round(performance.now() - startedAt),
        certificateEndsAt: Number.isNaN(ends) ? undefined : ends,
      });
    },
  );
  sent.on("error", reject);
  sent.end(options.body);
  return promise;
}
