/** Which servers belong to an address, with a DNS and a web of the test's own. */
import { describe, expect, test } from "bun:test";
import { createDiscover } from "../../src/providers/discover.ts";

type World = {
  mx?: Record<string, string[]>;
  srv?: Record<string, { host: string; port: number }[]>;
  web?: Record<string, string>;
};

const never = new Promise<never>(() => {});
const signal = new AbortController().signal;

function discoverIn({ mx = {}, srv = {}, web = {} }: World) {
  const asked: string[] = [];
  const discover = createDiscover({
    outbound: {
      async resolveMx(domain) {
        asked.push(domain);
        return mx[domain] ?? [];
      },
      async resolveSrv(name) {
        asked.push(name);
        return srv[name] ?? [];
      },
      async fetchText(url) {
        asked.push(url);
        return web[url];
      },
    },
  });
  return { asked, find: (address: string) => discover(address, { signal }) };
}

const config = (servers: string) =>
  `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="x">${servers}</emailProvider></clientConfig>`;
const server = (
  tag: string,
  type: string,
  host: string,
  port: number,
  socket: string,
  user = "%EMAILADDRESS%",
) =>
  `<${tag} type="${type}"><hostname>${host}</hostname><port>${port}</port><socketType>${socket}</socketType><username>${user}</username></${tag}>`;
const imap = (host: string, port: number, socket: string, user?: string) =>
  server("incomingServer", "imap", host, port, socket, user);
const smtp = (host: string, port: number, socket: string) =>
  server("outgoingServer", "smtp", host, port, socket);
const autoconfigUrl = "https://autoconfig.example.org/mail/config-v1.1.xml";
const wellKnownUrl = "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml";

describe("Finding the servers of an address", () => {
  test("A company's own domain is known by heart: nobody is asked", async () => {
    const { find, asked } = discoverIn({});
    expect(await find("ann@GMAIL.com")).toMatchObject({ provider: "gmail", source: "preset" });
    expect(asked).toEqual([]);
  });

  test("A domain's mail exchangers show the company behind it, before SRV and autoconfig are believed", async () => {
    const { find } = discoverIn({
      mx: { "example.org": ["in1-smtp.messagingengine.com"] },
      srv: { "_imaps._tcp.example.org": [{ host: "other.example.org", port: 993 }] },
      web: { [autoconfigUrl]: config(imap("a.example.org", 993, "SSL") + smtp("b.example.org", 465, "SSL")) },
    });
    expect(await find("ann@example.org")).toEqual({
      provider: "fastmail",
      source: "mx",
      imap: { host: "imap.fastmail.com", port: 993, security: "tls" },
      smtp: { host: "smtp.fastmail.com", port: 465, security: "tls" },
      username: "address",
    });
  });

  test("RFC 6186 and RFC 8314 5.1: SRV records name the servers, TLS from the first byte before STARTTLS", async () => {
    const { find } = discoverIn({
      srv: {
        "_imaps._tcp.example.org": [{ host: "imap.example.org", port: 993 }],
        "_imap._tcp.example.org": [{ host: "plain.example.org", port: 143 }],
        "_submission._tcp.example.org": [{ host: "out.example.org", port: 587 }],
      },
    });
    expect(await find("ann@example.org")).toEqual({
      provider: "generic",
      source: "srv",
      imap: { host: "imap.example.org", port: 993, security: "tls" },
      smtp: { host: "out.example.org", port: 587, security: "starttls" },
      username: "address",
    });
  });

  test("A server that SRV names is recognised as the company's it is", async () => {
    const { find } = discoverIn({
      srv: { "_imaps._tcp.example.org": [{ host: "imap.migadu.com", port: 993 }] },
    });
    expect(await find("ann@example.org")).toMatchObject({ provider: "migadu", source: "srv" });
  });

  test("The autoconfig document of the domain names the servers, at either of its places", async () => {
    const document = config(
      imap("mail.%EMAILDOMAIN%", 143, "STARTTLS", "%EMAILLOCALPART%") +
        server("incomingServer", "pop3", "pop.example.org", 995, "SSL") +
        smtp("mail.example.org", 465, "SSL"),
    );
    for (const url of [autoconfigUrl, wellKnownUrl])
      expect(await discoverIn({ web: { [url]: document } }).find("ann@example.org")).toEqual({
        provider: "generic",
        source: "autoconfig",
        imap: { host: "mail.example.org", port: 143, security: "starttls" },
        smtp: { host: "mail.example.org", port: 465, security: "tls" },
        username: "local-part",
      });
  });

  test("The address itself is told to nobody, only its domain", async () => {
    const { find, asked } = discoverIn({});
    await find("ann@example.org");
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.filter((text) => text.includes("ann"))).toEqual([]);
  });

  test.each([
    ["no TLS", config(imap("a.example.org", 143, "plain") + smtp("b.example.org", 25, "plain"))],
    ["no IMAP", config(smtp("b.example.org", 465, "SSL"))],
    ["a host that is none", config(imap("a b<c", 993, "SSL") + smtp("b.example.org", 465, "SSL"))],
    [
      "a port that is none",
      config(imap("a.example.org", Number.NaN, "SSL") + smtp("b.example.org", 465, "SSL")),
    ],
    ["no XML", "<<<&&&"],
    ["nothing", ""],
    ["a web page", "<!doctype html><title>Welcome</title>"],
  ])(
    "An autoconfig document with %s is passed over, and the usual names are guessed",
    async (_what, text) => {
      expect(await discoverIn({ web: { [autoconfigUrl]: text } }).find("ann@example.org")).toEqual({
        provider: "generic",
        source: "guess",
        imap: { host: "imap.example.org", port: 993, security: "tls" },
        smtp: { host: "smtp.example.org", port: 465, security: "tls" },
        username: "address",
      });
    },
  );

  test("The first server with TLS is taken where a document names one without before it", async () => {
    const document = config(
      imap("plain.example.org", 143, "plain") +
        imap("start.example.org", 143, "STARTTLS") +
        imap("tls.example.org", 993, "SSL") +
        smtp("out.example.org", 587, "STARTTLS"),
    );
    const found = await discoverIn({ web: { [autoconfigUrl]: document } }).find("ann@example.org");
    expect(found.imap).toEqual({ host: "tls.example.org", port: 993, security: "tls" });
  });

  test("Lookups that hang are left behind, and one that fails is no obstacle", async () => {
    const discover = createDiscover({
      limitMs: 50,
      outbound: {
        resolveMx: () => never,
        resolveSrv: async () => {
          throw new Error("SERVFAIL");
        },
        fetchText: () => never,
      },
    });
    const startedAt = performance.now();
    expect((await discover("ann@example.org", { signal })).source).toBe("guess");
    expect(performance.now() - startedAt).toBeLessThan(2_500);
  });

  test("What comes in time is not lost to a better source that hangs", async () => {
    const discover = createDiscover({
      limitMs: 50,
      outbound: {
        resolveMx: () => never,
        resolveSrv: async (name) =>
          name.startsWith("_imaps") ? [{ host: "imap.example.org", port: 993 }] : [],
        fetchText: () => never,
      },
    });
    expect((await discover("ann@example.org", { signal })).source).toBe("srv");
  });
});
