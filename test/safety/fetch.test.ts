/** `fetchText` of outbound, for the settings that a domain publishes, with malicious hosts and real TLS. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { createAuthority, trustedAuthority } from "../support/authority.ts";
import { programs } from "../support/installed.ts";

const maxBytes = 256 * 1024;

/** Starts an https host that records the requested paths. */
function startHost(certificate: { cert: string; key: string }) {
  const visits: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: certificate.cert, key: certificate.key },
    fetch(request) {
      const { pathname, host } = new URL(request.url);
      visits.push(pathname);
      const hop = /^\/hop\/(\d+)$/.exec(pathname)?.[1];
      if (hop !== undefined)
        return Response.redirect(hop === "1" ? "/settings" : `/hop/${Number(hop) - 1}`, 302);
      const elsewhere = new URL(request.url).searchParams.get("to");
      if (elsewhere) return new Response(null, { status: 301, headers: { Location: elsewhere } });
      if (pathname === "/large") return new Response("x".repeat(maxBytes + 1));
      if (pathname === "/largest") return new Response("x".repeat(maxBytes));
      if (pathname === "/settings") return new Response(`settings of ${host}`);
      return new Response("nothing", { status: 404 });
    },
  });
  return { port: server.port ?? 0, visits, stop: () => server.stop(true) };
}

describe.skipIf(!programs.openssl)("S01: a domain's settings", () => {
  let host: ReturnType<typeof startHost>;
  beforeAll(() => {
    host = startHost(trustedAuthority().issue({ hosts: ["localhost"] }));
  });
  afterAll(() => host.stop());

  const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
  const get = (url: string) => outbound.fetchText(url, { signal: AbortSignal.timeout(20_000) });
  const at = (path: string) => get(`https://localhost:${host.port}${path}`);
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "fetched",
      (error: unknown) => (error instanceof AppError ? error.code : "bug"),
    );

  test("S01: are the text of a 200 response; any other response gives nothing", async () => {
    expect(await at("/settings")).toBe(`settings of localhost:${host.port}`);
    expect(await at("/missing")).toBeUndefined();
  });

  test("S01: are read up to 256 KB", async () => {
    expect((await at("/largest"))?.length).toBe(maxBytes);
    expect(await codeOf(at("/large"))).toBe("too_large");
  });

  test("S01: are fetched over at most two redirects", async () => {
    expect(await at("/hop/2")).toStartWith("settings");
    host.visits.length = 0;
    expect(await at("/hop/3")).toBeUndefined();
    expect(host.visits).not.toContain("/settings");
  });

  test("S01: are not fetched from plain http, URLs with a password, or private addresses", async () => {
    const own = `localhost:${host.port}/settings`;
    host.visits.length = 0;
    for (const to of [`http://${own}`, `https://ann:word@${own}`, `https://127.0.0.1:${host.port}/settings`])
      expect([to, await codeOf(at(`/?to=${encodeURIComponent(to)}`))]).toEqual([to, "host_refused"]);
    for (const url of [`http://${own}`, `https://ann:word@${own}`])
      expect(await codeOf(get(url))).toBe("host_refused");
    expect(host.visits).not.toContain("/settings");
    expect(await at(`/?to=${encodeURIComponent("https://[")}`)).toBeUndefined();
  });

  test("S06: are not fetched from a host without a valid certificate for the name", async () => {
    for (const certificate of [
      createAuthority("nobody's").issue({ hosts: ["localhost"] }),
      trustedAuthority().issue({ hosts: ["another.example"] }),
    ]) {
      const impostor = startHost(certificate);
      expect(await codeOf(get(`https://localhost:${impostor.port}/settings`))).toBe("host_unreachable");
      expect(impostor.visits).toEqual([]);
      impostor.stop();
    }
  });
});
