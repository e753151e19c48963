/** Resolution and judgment of typed hosts: SECURITY.md, S01 and S04. */
import { describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import type { Credentials, MailServer } from "../../src/credentials.ts";
import type { AppError } from "../../src/errors.ts";
import { openImap } from "../../src/imap/connect.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import type { Resolve } from "../../src/outbound/resolver.ts";
import { proveSmtp } from "../../src/smtp/connect.ts";
import { brokenHosts, privateHosts } from "../support/addresses.ts";
import { startHostileImap } from "../support/hostile-imap.ts";
import { bestOf, loopMsOf } from "../support/own-time.ts";

const mailPorts = [993, 143, 465, 587];

/** Creates a resolver that answers from a table and records the names. */
function createResolver(answers: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const addresses: Resolve["addresses"] = async (name) => {
    asked.push(name);
    return [...(answers[name] ?? answers["*"] ?? [])];
  };
  return { asked, addresses };
}

function toCredentials(server: MailServer): Credentials {
  const address = "ann@example.test";
  return { address, username: address, password: "secret", provider: "generic", imap: server, smtp: server };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: AppError) => `${error.code}: ${error.message}`,
  );

/** Listens on the mail ports of this machine, as far as permitted, and counts connections. */
async function startListeners(): Promise<{ visits(): number; stop(): void }> {
  let visits = 0;
  const servers: Server[] = [];
  for (const host of ["127.0.0.1", "::1"])
    for (const port of mailPorts) {
      const server = createServer((socket) => {
        visits += 1;
        socket.destroy();
      });
      servers.push(server);
      await new Promise<void>((done) => {
        // Ports below 1024 may not be permitted; the refusals are the same without a listener.
        server.once("error", () => done());
        server.listen(port, host, done);
      });
    }
  return {
    visits: () => visits,
    stop() {
      for (const server of servers) server.close();
    },
  };
}

describe("S01: hosts that are not public mail servers", () => {
  test("S01: Every notation of a private address is refused in the same way for IMAP and SMTP, without a connection to it", async () => {
    const listeners = await startListeners();
    const { addresses } = createResolver({ "*": ["127.0.0.1"] });
    const outbound = createOutbound({ allowPrivateHosts: [], resolve: { addresses }, refusalMs: 0 });
    const signal = AbortSignal.timeout(20_000);
    const refusals = new Map<string, string[]>();
    for (const host of privateHosts)
      for (const [protocol, port] of [
        ["imap", 993],
        ["smtp", 587],
      ] as const) {
        const credentials = toCredentials({ host, port, security: port === 993 ? "tls" : "starttls" });
        const attempt =
          protocol === "imap"
            ? openImap(credentials, { outbound, signal })
            : proveSmtp(credentials, { outbound, signal });
        const answer = await codeOf(attempt);
        refusals.set(answer, [...(refusals.get(answer) ?? []), host]);
      }
    listeners.stop();
    expect([...refusals.keys()]).toEqual(["host_refused: This host is not a public mail server."]);
    expect(listeners.visits()).toBe(0);
  });

  test.each([
    ["a private address", ["10.0.0.7"]],
    ["a public and a private address", ["93.184.215.14", "10.0.0.7"]],
    ["a public address and IPv6 loopback", ["93.184.215.14", "::1"]],
    ["the metadata address of a cloud", ["169.254.169.254"]],
    ["an IPv4-mapped private address", ["::ffff:192.168.0.1"]],
    ["a NAT64 form of loopback", ["64:ff9b::7f00:1"]],
    ["a scoped link-local address", ["fe80::1%eth0"]],
    ["not an address", ["not-an-address"]],
  ])("S01: A name that resolves to %s is refused with the same text", async (_, answers) => {
    const { addresses } = createResolver({ "mail.example.org": answers });
    const outbound = createOutbound({ allowPrivateHosts: [], resolve: { addresses }, refusalMs: 0 });
    expect(await codeOf(outbound.vet({ host: "mail.example.org", port: 993 }))).toBe(
      "host_refused: This host is not a public mail server.",
    );
  });

  test("S01: A name is resolved once, and the connection is made to the judged address", async () => {
    const server = await startHostileImap();
    const { host, port } = server.server;
    const { addresses, asked } = createResolver({ [host]: ["127.0.0.1"] });
    const outbound = createOutbound({ allowPrivateHosts: [host], resolve: { addresses }, refusalMs: 0 });
    const imap = await openImap(toCredentials(server.server), {
      outbound,
      signal: AbortSignal.timeout(20_000),
    });
    // The certificate is checked against the name, although the connection is made to the address.
    expect({ host: imap.host, port: imap.port, servername: imap.servername }).toEqual({
      host: "127.0.0.1",
      port,
      servername: "localhost",
    });
    expect(asked).toEqual([host]);
    imap.close();
    await server.stop();
  });

  test("S01: A name is judged at every connection", async () => {
    const answers = { "mail.example.org": ["93.184.215.14"] };
    const { addresses } = createResolver(answers);
    const outbound = createOutbound({ allowPrivateHosts: [], resolve: { addresses }, refusalMs: 0 });
    const target = { host: "mail.example.org", port: 993 };
    expect(await outbound.vet(target)).toMatchObject({ address: "93.184.215.14" });
    answers["mail.example.org"] = ["127.0.0.1"];
    expect(await codeOf(outbound.vet(target))).toStartWith("host_refused");
  });

  test("S01: Public names and addresses pass, and the name is used for the certificate", async () => {
    const { addresses } = createResolver({
      "imap.example.org": ["2606:2800:21f::1", "93.184.215.14"],
      "xn--mnchen-3ya.example": ["93.184.215.14"],
    });
    const outbound = createOutbound({ allowPrivateHosts: [], resolve: { addresses }, refusalMs: 0 });
    const vet = (host: string) => outbound.vet({ host, port: 993 });
    expect(await vet("IMAP.example.org.")).toEqual({
      ...{ address: "93.184.215.14", servername: "imap.example.org", port: 993 },
    });
    expect(await vet("münchen.example")).toMatchObject({ servername: "xn--mnchen-3ya.example" });
    expect(await vet("93.184.215.14")).toEqual({
      address: "93.184.215.14",
      servername: undefined,
      port: 993,
    });
    expect(await vet("[2606:2800:21f::1]")).toMatchObject({ address: "2606:2800:21f::1" });
  });

  test("S01: Invalid host names are refused without a DNS query", async () => {
    const { addresses, asked } = createResolver({ "*": ["93.184.215.14"] });
    const outbound = createOutbound({ allowPrivateHosts: [], resolve: { addresses }, refusalMs: 0 });
    for (const host of brokenHosts)
      expect(await codeOf(outbound.vet({ host, port: 993 }))).toStartWith("host_refused");
    expect(asked).toEqual([]);
  });

  test("S01: A name without a dot is resolved only when the operator opened it", async () => {
    const { addresses, asked } = createResolver({ "*": ["93.184.215.14"] });
    const outbound = createOutbound({ allowPrivateHosts: ["nas"], resolve: { addresses }, refusalMs: 0 });
    const vet = (host: string) => codeOf(outbound.vet({ host, port: 993 }));
    expect(await vet("intranet")).toStartWith("host_refused");
    expect(await vet("nas")).toBe("done");
    expect(asked).toEqual(["nas"]);
  });

  test("S01: Only hosts that the operator opened may be private or on other ports", async () => {
    const { addresses } = createResolver({
      "nas.home": ["192.168.1.9"],
      "mail.example.org": ["192.168.1.9", "192.168.2.9"],
    });
    const outbound = createOutbound({
      allowPrivateHosts: ["nas.home", "192.168.1.0/24", "fd00::/8", "10.9.8.7"],
      resolve: { addresses },
      refusalMs: 0,
    });
    const vet = (host: string, port = 993) => codeOf(outbound.vet({ host, port }));
    expect(await vet("nas.home", 1993)).toBe("done");
    expect(await vet("192.168.1.200", 2525)).toBe("done");
    expect(await vet("fd00::5")).toBe("done");
    expect(await vet("10.9.8.7")).toBe("done");
    for (const host of ["192.168.2.1", "10.9.8.8", "127.0.0.1", "fe80::1", "mail.example.org"])
      expect(await vet(host)).toStartWith("host_refused");
  });

  test("S01: A name whose addresses are all in opened networks may use any port", async () => {
    const { addresses } = createResolver({
      "nas.example.org": ["192.168.1.9"],
      "mixed.example.org": ["192.168.1.9", "93.184.215.14"],
      "mail.example.org": ["93.184.215.14"],
      intranet: ["192.168.1.9"],
    });
    const outbound = createOutbound({
      allowPrivateHosts: ["192.168.1.0/24"],
      resolve: { addresses },
      refusalMs: 0,
    });
    const vet = (host: string, port: number) => codeOf(outbound.vet({ host, port }));
    expect(await vet("nas.example.org", 1993)).toBe("done");
    expect(await vet("nas.example.org", 993)).toBe("done");
    expect(await vet("mixed.example.org", 993)).toBe("done");
    for (const host of ["mixed.example.org", "mail.example.org", "93.184.215.14", "intranet"])
      expect(await vet(host, 1993)).toStartWith("host_refused");
    expect(await vet("nowhere.example.org", 1993)).toStartWith("host_unknown");
    for (const port of [0, -1, 65_536, 993.5, Number.NaN])
      expect(await vet("nas.example.org", port)).toStartWith("host_refused");
  });

  test("S01: A name matches with and without its final dot, in the settings and as typed", async () => {
    const { addresses } = createResolver({ "*": ["192.168.1.9"] });
    const allowPrivateHosts = ["NAS.home.", "box.home"];
    const outbound = createOutbound({ allowPrivateHosts, resolve: { addresses }, refusalMs: 0 });
    for (const host of ["nas.home", "nas.home.", "box.home", "Box.Home."])
      expect(await codeOf(outbound.vet({ host, port: 993 }))).toBe("done");
    expect(await codeOf(outbound.vet({ host: "other.home", port: 993 }))).toStartWith("host_refused");
  });

  test("S01: A login that is restricted to opened hosts refuses a name that resolves elsewhere later", async () => {
    let answer = "192.168.1.9";
    const outbound = createOutbound({
      allowPrivateHosts: ["nas.home", "192.168.1.0/24"],
      resolve: { addresses: async () => [answer] },
      refusalMs: 0,
    });
    const vet = (host: string) => codeOf(outbound.vetOpened({ host, port: 993 }));
    for (const host of ["nas.home", "nas.example.org", "192.168.1.9"]) expect(await vet(host)).toBe("done");
    answer = "93.184.215.14";
    for (const host of ["nas.example.org", "93.184.215.14"])
      expect(await vet(host)).toStartWith("host_refused");
    // The operator's own name may be at any address.
    expect(await vet("nas.home")).toBe("done");
  });

  test("S01: A fetch of a domain's settings is judged in the same way, and uses https only", async () => {
    const { addresses } = createResolver({ "autoconfig.example.org": ["10.0.0.1"] });
    const outbound = createOutbound({ allowPrivateHosts: [], resolve: { addresses }, refusalMs: 0 });
    const get = (url: string) => codeOf(outbound.fetchText(url, { signal: AbortSignal.timeout(20_000) }));
    for (const url of [
      "https://autoconfig.example.org/mail/config-v1.1.xml",
      "http://autoconfig.example.org/",
      "https://user:pw@autoconfig.example.org/",
      "https://autoconfig.example.org:8443/",
      "https://127.0.0.1/",
      "https://[::1]/",
      "file:///etc/passwd",
    ])
      expect(await get(url)).toStartWith("host_refused");
  });
});

test("S04: Ports of other protocols are refused without a DNS query", async () => {
  const { addresses, asked } = createResolver({ "*": ["93.184.215.14"] });
  const outbound = createOutbound({ allowPrivateHosts: ["nas.home"], resolve: { addresses }, refusalMs: 0 });
  for (const port of [22, 25, 80, 443, 6379, 0, -1, 65_536, 993.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(await codeOf(outbound.vet({ host: "mail.example.org", port }))).toStartWith("host_refused");
  expect(asked).toEqual([]);
  for (const port of mailPorts)
    expect(await codeOf(outbound.vet({ host: "mail.example.org", port }))).toBe("done");
});

test("All refusals take the same time, and a success is not delayed", async () => {
  const { addresses } = createResolver({
    "mail.example.org": ["93.184.215.14"],
    "inside.example.org": ["10.0.0.1"],
  });
  const outbound = createOutbound({ allowPrivateHosts: [], resolve: { addresses }, refusalMs: 120 });
  const vet = (host: string, port = 993) => codeOf(outbound.vet({ host, port }));
  for (const [host, port] of [
    ["127.0.0.1", 993],
    ["inside.example.org", 993],
    ["nowhere.example.org", 993],
    ["mail.example.org", 22],
  ] as const) {
    // On a busy machine wall-clock time only gets longer, event-loop time only shorter.
    const startedAt = performance.now();
    const loopMs = await loopMsOf(() => vet(host, port));
    expect(performance.now() - startedAt).toBeGreaterThan(119);
    expect(loopMs).toBeLessThan(180);
  }
  expect(await bestOf(60, () => loopMsOf(() => vet("mail.example.org")))).toBeLessThan(60);
});

test("A name without records is host_unknown, and has no mail exchangers and no services", async () => {
  const ask = () => Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
  const resolve = { addresses: ask, mx: ask, srv: ask };
  const outbound = createOutbound({ allowPrivateHosts: [], resolve, refusalMs: 0 });
  expect(await codeOf(outbound.vet({ host: "nowhere.example.org", port: 993 }))).toStartWith("host_unknown");
  expect(await outbound.resolveMx("nowhere.example.org")).toEqual([]);
  expect(await outbound.resolveSrv("_imaps._tcp.nowhere.example.org")).toEqual([]);
});

test.each([
  ["answers SERVFAIL", () => Promise.reject(Object.assign(new Error("refused"), { code: "ESERVFAIL" }))],
  ["does not answer", () => new Promise<never>(() => {})],
])("A name for which DNS %s is host_unresolved, never unknown", async (_, ask) => {
  const resolve = { addresses: ask, mx: ask, srv: ask };
  const outbound = createOutbound({ allowPrivateHosts: ["nas.home"], resolve, refusalMs: 0, dnsMs: 20 });
  for (const host of ["mail.example.org", "nas.home"])
    expect(await codeOf(outbound.vet({ host, port: 993 }))).toStartWith("host_unresolved");
  expect(await codeOf(outbound.resolveMx("example.org"))).toStartWith("host_unresolved");
  expect(await codeOf(outbound.resolveSrv("_imaps._tcp.example.org"))).toStartWith("host_unresolved");
});
