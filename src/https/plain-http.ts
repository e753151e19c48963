/** Answers on HTTP_PORT: ACME challenges, and redirects to https. Nothing else is served without TLS. */

/** Answers of running challenges by token: the key authorization (RFC 8555 section 8.3). */
export type Challenges = Map<string, string>;

const challengePath = "/.well-known/acme-challenge/";

/** Creates the handler. `publicUrl`: https://HOST or https://HOST:PORT. */
export function createPlainHttp({
  publicUrl,
  challenges,
}: {
  publicUrl: string;
  challenges: Challenges;
}): (request: Request) => Response {
  const { hostname } = new URL(publicUrl);
  return (request) => {
    const host = request.headers.get("Host") ?? "";
    // RFC 9110 section 15.5.20: this server answers for one name.
    if (host.replace(/:\d+$/, "").toLowerCase() !== hostname) return answer(421);
    // A program that posts here would post its secrets in clear the next time, too, if it were sent on.
    if (request.method !== "GET" && request.method !== "HEAD") return answer(400);
    const { pathname, search } = new URL(request.url);
    if (!pathname.startsWith(challengePath))
      return answer(308, { Location: `${publicUrl}${pathname}${search}` });
    const keyAuthorization = challenges.get(pathname.slice(challengePath.length));
    if (keyAuthorization === undefined) return answer(404);
    return new Response(keyAuthorization, { headers: { "Content-Type": "application/octet-stream" } });
  };
}

function answer(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { "Cache-Control": "no-store", ...headers } });
}
