/** A loopback proxy that adds a bearer token, for programs that cannot set a header. */

/** Starts a proxy to the origin `target`. Host, Origin and body pass unchanged. */
export function startBearerProxy(target: string, token: string): { url: string; stop(): Promise<void> } {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.set("Authorization", `Bearer ${token}`);
      headers.delete("Connection");
      const answer = await fetch(`${target}${pathname}${search}`, {
        method: request.method,
        headers,
        signal: request.signal,
        redirect: "manual",
        decompress: false,
        ...(request.body ? { body: await request.arrayBuffer() } : {}),
      });
      return new Response(answer.body, { status: answer.status, headers: answer.headers });
    },
  });
  return { url: `http://localhost:${server.port}`, stop: () => server.stop(true) };
}
