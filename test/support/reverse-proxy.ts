/** A reverse proxy with https in front of a product, which may spoil what real ones spoil. */
import { type Certificate, trustedAuthority } from "./authority.ts";

export type ProxyFaults = {
  /** Shown in the place of a good one. */
  certificate?: Certificate;
  /** Sends an answer on when all of it is there. */
  buffers?: boolean;
  maxBytes?: number;
  /** Appends to the caller's X-Forwarded-For as if the caller were a proxy, the caller's word last. */
  appendsForwardedFor?: boolean;
  /** Puts this in the place of the caller's Host. */
  host?: string;
  /** Headers of answers that get lost. */
  drops?: readonly string[];
  /** Paths it answers itself, with 404. */
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
