/** Lookups over the product's own DNS client, with a DNS server of the kit: silence, floods, changes, last addresses. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import type { Caller } from "../../src/outbound/lookups.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { createTestClock } from "../support/test-clock.ts";

let dns: DnsServer;
beforeAll(async () => {
  dns = await startDnsServer();
  dns.set("mail.good.test", { addresses: ["93.184.215.14", "2606:2800:21f:0:0:0:0:1"] });
  dns.set("six.good.test", { addresses: ["2606:2800:21f:0:0:0:0:1"] });
  dns.set("inside.good.test", { addresses: ["10.0.0.1"] });
  dns.set("good.test", {
    mx: ["In.Example.test.", "backup.example.test"],
    srv: { "_imaps._tcp": { host: "Imap.good.test.", port: 993 } },
  });
  dns.silence("dead.test");
  dns.fail("failing.test");
});
afterAll(() => dns.stop());

const grant: Caller = { lane: "grant" };

function createTestOutbound(options: { dnsMs?: number; clock?: ReturnType<typeof createTestClock> } = {}) {
  return createOutbound({ allowPrivateHosts: [], refusalMs: 0, dnsServers: [dns.server], ...options });
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof AppError ? error.code : "bug"),
  );

describe("A lookup", () => {
  test("takes both families, and prefers IPv4", async () => {
    const { vet } = createTestOutbound();
    expect(await vet({ host: "mail.good.test", port: 993 })).toMatchObject({ address: "93.184.215.14" });
    expect(await vet({ host: "six.good.test", port: 993 })).toMatchObject({ address: "2606:2800:21f::1" });
  });

  test("reads MX and SRV records", async () => {
    const outbound = createTestOutbound();
    expect(await outbound.resolveMx("good.test")).toEqual(["in.example.test", "backup.example.test"]);
    expect(await outbound.resolveSrv("_imaps._tcp.good.test")).toEqual([
      { host: "imap.good.test", port: 993 },
    ]);
    expect(await outbound.resolveMx("mail.good.test")).toEqual([]);
    expect(await outbound.resolveSrv("_imaps._tcp.nowhere.test")).toEqual([]);
  });

  test("distinguishes a name that does not exist from one that DNS does not answer for", async () => {
    const { vet, resolveMx, resolveSrv } = createTestOutbound({ dnsMs: 300 });
    expect(await codeOf(vet({ host: "mail.nowhere.test", port: 993 }))).toBe("host_unknown");
    // The name exists, without addresses.
    expect(await codeOf(vet({ host: "good.test", port: 993 }))).toBe("host_unknown");
    for (const domain of ["dead.test", "failing.test"]) {
      expect(await codeOf(vet({ host: `mail.${domain}`, port: 993 }))).toBe("host_unresolved");
      expect(await codeOf(resolveMx(domain))).toBe("host_unresolved");
      expect(await codeOf(resolveSrv(`_imaps._tcp.${domain}`))).toBe("host_unresolved");
    }
  });

  test("sees at once that a name changed its address, and judges the new one", async () => {
    const { vet } = createTestOutbound();
    for (const address of ["93.184.215.14", "93.184.215.15"]) {
      dns.set("moving.test", { addresses: [address] });
      expect(await vet({ host: "moving.test", port: 993 })).toMatchObject({ address });
      expect(await vet({ host: "moving.test", port: 993 }, grant)).toMatchObject({ address });
    }
    dns.set("moving.test", { addresses: ["10.0.0.1"] });
    expect(await codeOf(vet({ host: "moving.test", port: 993 }))).toBe("host_refused");
    expect(await codeOf(vet({ host: "moving.test", port: 993 }, grant))).toBe("host_refused");
  });

  test("of localhost and of the hosts file asks no DNS server", async () => {
    const before = dns.queries.length;
    const outbound = createOutbound({ allowPrivateHosts: ["localhost"], dnsServers: [dns.server] });
    expect(await outbound.vet({ host: "localhost", port: 993 })).toMatchObject({ address: "127.0.0.1" });
    expect(dns.queries.length).toBe(before);
  });
});

describe("D02: name servers that never answer", () => {
  test.each([
    { lane: "login", peers: 40 },
    { lane: "discovery", peers: 1 },
  ] as const)(
    "D02: 40 silent names at once in lane $lane, from $peers peers, delay no other caller",
    async ({ lane, peers }) => {
      const { vet } = createTestOutbound();
      let isOver = false;
      const flood = Promise.all(
        Array.from({ length: 40 }, (_, index) => {
          const caller: Caller = { lane, peer: `198.51.100.${index % peers}` };
          return codeOf(vet({ host: `mail${index}.dead.test`, port: 993 }, caller));
        }),
      ).finally(() => {
        isOver = true;
      });
      const peer = "203.0.113.9";
      // In the flooded lane, too, once the lookups before it have had their guaranteed time.
      const others: Caller[] = [
        grant,
        { lane: lane === "login" ? "discovery" : "login", peer },
        { lane, peer },
      ];
      for (const caller of others)
        expect(await codeOf(vet({ host: "mail.good.test", port: 993 }, caller))).toBe("done");
      expect(isOver).toBe(false);
      expect([...new Set(await flood)]).toEqual(["host_unresolved"]);
    },
  );

  test("D02: callers who ask for the same name share one lookup", async () => {
    const { vet } = createTestOutbound({ dnsMs: 300 });
    const before = dns.queries.filter((name) => name === "same.dead.test").length;
    await Promise.all(
      Array.from({ length: 40 }, () => codeOf(vet({ host: "same.dead.test", port: 993 }, grant))),
    );
    // One query for A, one for AAAA.
    expect(dns.queries.filter((name) => name === "same.dead.test").length - before).toBe(2);
  });
});

test("Names that the operator opened are looked up by the system, two at once, and delay no other name", async () => {
  const started: string[] = [];
  const outbound = createOutbound({
    allowPrivateHosts: ["nas.home", "box.home", "printer.home"],
    refusalMs: 0,
    dnsMs: 300,
    dnsServers: [dns.server],
    resolve: {
      openedAddresses: async (name) => {
        started.push(name);
        return new Promise<never>(() => {});
      },
    },
  });
  const hosts = ["nas.home", "nas.home", "box.home", "printer.home"];
  const opened = Promise.all(hosts.map((host) => codeOf(outbound.vet({ host, port: 1993 }))));
  expect(await codeOf(outbound.vet({ host: "mail.good.test", port: 993 }))).toBe("done");
  expect([...new Set(await opened)]).toEqual(["host_unresolved"]);
  expect(started).toEqual(["nas.home", "box.home"]);
});

describe("The last good address", () => {
  const rejectOn = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

  function createFlakyDns() {
    const answers: { addresses: string[] | "silent" } = { addresses: ["93.184.215.14"] };
    const clock = createTestClock();
    const outbound = createOutbound({
      allowPrivateHosts: [],
      refusalMs: 0,
      dnsMs: 30,
      clock,
      resolve: {
        addresses: async (_, signal) =>
          answers.addresses === "silent" ? rejectOn(signal) : answers.addresses,
      },
    });
    const vet = (caller: Caller) =>
      outbound.vet({ host: "mail.example.org", port: 993 }, caller).then(
        ({ address }) => address,
        (error: AppError) => error.code,
      );
    return { answers, clock, vet };
  }

  test("is used for a grant when DNS does not answer, for a day, and for nobody else", async () => {
    const { answers, clock, vet } = createFlakyDns();
    expect(await vet(grant)).toBe("93.184.215.14");
    answers.addresses = "silent";
    expect(await vet(grant)).toBe("93.184.215.14");
    expect(await vet({ lane: "login" })).toBe("host_unresolved");
    clock.advance(24 * 60 * 60_000 + 1);
    expect(await vet(grant)).toBe("host_unresolved");
  });

  test("is not kept from a stranger's lookup, and is forgotten when the name ceases to exist", async () => {
    const { answers, vet } = createFlakyDns();
    expect(await vet({ lane: "login" })).toBe("93.184.215.14");
    answers.addresses = "silent";
    expect(await vet(grant)).toBe("host_unresolved");
    answers.addresses = ["93.184.215.14"];
    expect(await vet(grant)).toBe("93.184.215.14");
    answers.addresses = [];
    expect(await vet(grant)).toBe("host_unknown");
    answers.addresses = "silent";
    expect(await vet(grant)).toBe("host_unresolved");
  });

  test("is judged again: a private one is refused", async () => {
    const { answers, vet } = createFlakyDns();
    answers.addresses = ["10.0.0.1"];
    expect(await vet(grant)).toBe("host_refused");
    answers.addresses = "silent";
    expect(await vet(grant)).toBe("host_refused");
  });
});
