/** A reverse proxy with https in front of a product, with the faults of misconfigured ones. */
import { type Certificate, trustedAuthority } from "./authority.ts";

export type ProxyFaults = {
  /** Certificate to present instead of a valid one. */
  certificate?: Certificate;
  /** Buffers each response until it is complete. */
  buffers?: boolean;
  maxBytes?: number;
  /** Passes the client's own X-Forwarded-For on, as if the client were a trusted proxy. */
  appendsForwardedFor?: boolean;
  /** Replaces the client's Host header. */
  host?: string;
  /** Response headers to remove. */
  drops?: readonly string[];
  /** Prefix of paths that it answers with 404 itself. */
  hides?: string;
};

export function startReverseProxy(
  { port, target }: { port: number; target: string },
  spoil: ProxyFaults = {},
): { url: string; stop(): Promise<void> } {
  const { cert, key } = spoil.certificate ?? trustedAuthority().issue({ hosts: ["localhost"] });
  const server = Bun.serve({
    port,
    hostname: "127.0.0.1",
    tls: { cert, key },
    maxRequestBodySize: spoil.maxBytes ?? 64_000_000,
    idleTimeout: 60,
    async fetch(request, bun) {
      const { pathname, search } = new URL(request.url);
      if (spoil.hides !== undefined && pathname.startsWith(spoil.hides))
        return new Response("", { status: 404 });
      const headers = new Headers(request.headers);
      const caller = bun.requestIP(request)?.address ?? "";
      const said = headers.get("X-Forwarded-For");
      headers.set("X-Forwarded-For", spoil.appendsForwardedFor && said ? said : caller);
      headers.set("X-Forwarded-Proto", "https");
      if (spoil.host !== undefined) headers.set("Host", spoil.host);
      const answer = await fetch(`${target}${pathname}${search}`, {
        method: request.method,
        headers,
        redirect: "manual",
        decompress: false,
        ...(request.body ? { body: await request.arrayBuffer() } : {}),
      });
      const passed = new Headers(answer.headers);
      for (const name of spoil.drops ?? []) passed.delete(name);
      return new Response(spoil.buffers ? await answer.arrayBuffer() : answer.body, {
        status: answer.status,
        headers: passed,
      });
    },
  });
  return { url: `https://localhost:${port}`, stop: () => server.stop(true) };
}
