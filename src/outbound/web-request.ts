/** One https request to a vetted address. */
import { type RequestOptions, request } from "node:https";
import { AppError } from "../errors.ts";

/** A vetted destination. `servername` is for SNI and the certificate; undefined when the host is an address. */
export type Vetted = { address: string; servername: string | undefined; port: number };

type GetResult = { text: string | undefined; location?: string };

/**
 * Sends one GET to the vetted address, with the name in SNI, certificate check and Host. Resolves with the text of a
 * 200 response, or the location of a redirect. Throws host_unreachable and too_large; the signal's reason on abort.
 */
export function sendGet(
  url: URL,
  vetted: Vetted,
  { signal, maxBytes }: { signal: AbortSignal; maxBytes: number },
): Promise<GetResult> {
  const { promise, resolve, reject } = Promise.withResolvers<GetResult>();
  const sent = request(
    {
      ...toOptions(url, vetted, signal),
      headers: { Host: url.host, Accept: "application/xml, application/json, text/*", Connection: "close" },
    },
    async (response) => {
      try {
        const status = response.statusCode ?? 0;
        const location = response.headers.location;
        if (status >= 300 && status < 400 && location !== undefined)
          return resolve({ text: undefined, location });
        const text = await readText(response, maxBytes);
        resolve({ text: status === 200 ? text : undefined });
      } catch (error) {
        reject(toFetchError(error, signal));
      } finally {
        sent.destroy();
      }
    },
  );
  sent.on("error", (error) => reject(toFetchError(error, signal)));
  sent.end();
  return promise;
}

/** Octets of the answer to a POST that are read; none of them is used. */
const maxPostAnswerBytes = 1_024;

/**
 * Sends one POST of a form to the vetted address, without cookies. Returns the status of the answer; redirects are not
 * followed. Throws host_unreachable; the signal's reason on abort.
 */
export function sendPost(
  url: URL,
  vetted: Vetted,
  { signal, body }: { signal: AbortSignal; body: string },
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = request(
    {
      ...toOptions(url, vetted, signal),
      method: "POST",
      headers: {
        Host: url.host,
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": Buffer.byteLength(body),
        Connection: "close",
      },
    },
    async (response) => {
      try {
        let octets = 0;
        for await (const chunk of response) {
          octets += chunk.length;
          if (octets > maxPostAnswerBytes) break;
        }
      } catch {
        // The status has come; the rest of the answer is not needed.
      } finally {
        sent.destroy();
        resolve(response.statusCode ?? 0);
      }
    },
  );
  sent.on("error", (error) => reject(toFetchError(error, signal)));
  sent.end(body);
  return promise;
}

/** The connection of every request: to the vetted address only, over verified TLS, and used once. */
function toOptions(url: URL, vetted: Vetted, signal: AbortSignal): RequestOptions {
  return {
    host: vetted.address,
    port: vetted.port,
    servername: vetted.servername,
    path: `${url.pathname}${url.search}`,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    agent: false,
    signal,
  };
}

async function readText(response: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBytes) throw new AppError("too_large", "The response of this host is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function toFetchError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AppError) return error;
  return new AppError("host_unreachable", "This host does not answer.", { cause: error });
}
