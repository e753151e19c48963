/** Requests to the certificate authority that the operator named in ACME_DIRECTORY. */
import { request } from "node:https";
import { productVersion } from "../version.ts";

export type AuthorityRequest = {
  method: "GET" | "HEAD" | "POST";
  /** JSON of a JWS, for POST. */
  body?: string;
  accept?: string;
};

export type AuthorityResponse = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
};

/** Maximum size of a response: a chain of certificates has about 6 KB. */
const maxBytes = 262_144;
const timeoutMs = 30_000;

/**
 * Sends one https request and verifies the authority's certificate. The host is the operator's own choice and is not
 * vetted. Rejects with the error of the connection, also after 30 s and when the response exceeds 256 KB.
 */
export function sendToAuthority(url: string, options: AuthorityRequest): Promise<AuthorityResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<AuthorityResponse>();
  const sent = request(
    url,
    {
      method: options.method,
      headers: {
        // RFC 8555 section 6.1: a client must name itself.
        "User-Agent": `email-connector/${productVersion}`,
        Accept: options.accept ?? "*/*",
        "Accept-Language": "en",
        ...(options.body === undefined ? {} : { "Content-Type": "application/jose+json" }),
      },
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    },
    async (response) => {
      try {
        const chunks: Buffer[] = [];
        let bytes = 0;
        for await (const chunk of response) {
          bytes += chunk.length;
          if (bytes > maxBytes) throw new Error("the authority's response is too large");
          chunks.push(Buffer.from(chunk));
        }
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("utf8"),
        });
      } catch (error) {
        reject(error);
      } finally {
        sent.destroy();
      }
    },
  );
  sent.on("error", reject);
  sent.end(options.body);
  return promise;
}
