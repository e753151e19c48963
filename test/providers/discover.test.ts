/** Discovery of the mail servers of an address, with DNS and HTTP answers from the test. */
import { describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import { createDiscover } from "../../src/providers/discover.ts";

type Published = {
  mx?: Record<string, string[]>;
  srv?: Record<string, { host: string; port: number }[]>;
  web?: Record<string, string>;
};

const never = new Promise<never>(() => {});
const signal = new AbortController().signal;

function discoverFrom({ mx = {}, srv = {}, web = {} }: Published) {
  const queries: string[] = [];
  const discover = createDiscover({
    outbound: {
      async resolveMx(domain) {
        queries.push(domain);
        return mx[domain] ?? [];
      },
      async resolveSrv(name) {
        queries.push(name);
        return srv[name] ?? [];
      },
      async fetchText(url) {
        queries.push(url);
        return web[url];
      },
    },
  });
  return { queries, find: (address: string) => discover(address, { signal }) };
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

describe("Discovery", () => {
  test("A domain of a preset is found without any lookup", async () => {
    const { find, queries } = discoverFrom({});
    expect(await find("ann@GMAIL.com")).toMatchObject({ provider: "gmail", source: "preset" });
    expect(queries).toEqual([]);
  });

  test("MX records that match a preset take precedence over SRV records and autoconfig", async () => {
    const { find } = discoverFrom({
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

  test("RFC 6186 and RFC 8314 section 5.1: SRV records name the servers, and implicit TLS is preferred to STARTTLS", async () => {
    const { find } = discoverFrom({
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

  test("An IMAP host from SRV records that a preset has is reported as that preset", async () => {
    const { find } = discoverFrom({
      srv: { "_imaps._tcp.example.org": [{ host: "imap.migadu.com", port: 993 }] },
    });
    expect(await find("ann@example.org")).toMatchObject({ provider: "migadu", source: "srv" });
  });

  test("The autoconfig document names the servers, at either of its two URLs", async () => {
    const document = config(
      imap("mail.%EMAILDOMAIN%", 143, "STARTTLS", "%EMAILLOCALPART%") +
        server("incomingServer", "pop3", "pop.example.org", 995, "SSL") +
        smtp("mail.example.org", 465, "SSL"),
    );
    for (const url of [autoconfigUrl, wellKnownUrl])
      expect(await discoverFrom({ web: { [url]: document } }).find("ann@example.org")).toEqual({
        provider: "generic",
        source: "autoconfig",
        imap: { host: "mail.example.org", port: 143, security: "starttls" },
        smtp: { host: "mail.example.org", port: 465, security: "tls" },
        username: "local-part",
      });
  });

  test("An <oAuth2> element of the autoconfig document names the issuer, as a host or as a URL", async () => {
    const servers = imap("mail.example.org", 993, "SSL") + smtp("mail.example.org", 465, "SSL");
    const issuerOf = async (issuer: string) => {
      const text = config(servers).replace(
        "</clientConfig>",
        `<oAuth2><issuer>${issuer}</issuer></oAuth2></clientConfig>`,
      );
      return (await discoverFrom({ web: { [autoconfigUrl]: text } }).find("ann@example.org")).issuerHost;
    };
    expect(await issuerOf("Id.Example.org")).toBe("id.example.org");
    expect(await issuerOf("https://id.example.org/realms/mail")).toBe("id.example.org");
    for (const text of ["", "not a host", "javascript:alert(1)", "&lt;b&gt;.example"])
      expect(await issuerOf(text)).toBeUndefined();
  });

  test("RFC 8414 section 3: a domain that publishes its authorization server names the issuer, whatever names its servers", async () => {
    const metadata = "https://example.org/.well-known/oauth-authorization-server";
    const web = { [metadata]: JSON.stringify({ issuer: "https://id.example.org" }) };
    const srv = { "_imaps._tcp.example.org": [{ host: "imap.example.org", port: 993 }] };
    expect((await discoverFrom({ web, srv }).find("ann@example.org")).issuerHost).toBe("id.example.org");
    expect((await discoverFrom({ web }).find("ann@example.org")).issuerHost).toBe("id.example.org");
    for (const text of ["", "[]", "null", '{"issuer":1}', "not json"])
      expect(
        (await discoverFrom({ web: { [metadata]: text } }).find("ann@example.org")).issuerHost,
      ).toBeUndefined();
  });

  test("Lookups contain the domain of the address and never its local part", async () => {
    const { find, queries } = discoverFrom({});
    await find("ann@example.org");
    expect(queries.length).toBeGreaterThan(4);
    expect(queries.filter((text) => text.includes("ann"))).toEqual([]);
  });

  test.each([
    ["no TLS", config(imap("a.example.org", 143, "plain") + smtp("b.example.org", 25, "plain"))],
    ["no IMAP", config(smtp("b.example.org", 465, "SSL"))],
    ["an invalid host", config(imap("a b<c", 993, "SSL") + smtp("b.example.org", 465, "SSL"))],
    ["an invalid port", config(imap("a.example.org", Number.NaN, "SSL") + smtp("b.example.org", 465, "SSL"))],
    ["broken XML", "<<<&&&"],
    ["no content", ""],
    ["a web page instead", "<!doctype html><title>Welcome</title>"],
    [
      "a million nested elements",
      "<x>".repeat(1_000_000) + config(imap("a.example.org", 993, "SSL") + smtp("b.example.org", 465, "SSL")),
    ],
  ])(
    "An autoconfig document with %s is ignored, and the usual host names are guessed",
    async (_defect, text) => {
      expect(await discoverFrom({ web: { [autoconfigUrl]: text } }).find("ann@example.org")).toEqual({
        provider: "generic",
        source: "guess",
        imap: { host: "imap.example.org", port: 993, security: "tls" },
        smtp: { host: "smtp.example.org", port: 465, security: "tls" },
        username: "address",
      });
    },
  );

  test("A server with TLS is preferred to servers with STARTTLS or no encryption listed before it", async () => {
    const document = config(
      imap("plain.example.org", 143, "plain") +
        imap("start.example.org", 143, "STARTTLS") +
        imap("tls.example.org", 993, "SSL") +
        smtp("out.example.org", 587, "STARTTLS"),
    );
    const found = await discoverFrom({ web: { [autoconfigUrl]: document } }).find("ann@example.org");
    expect(found.imap).toEqual({ host: "tls.example.org", port: 993, security: "tls" });
  });

  test("Lookups that hang are abandoned at the limit, and a failed lookup does not fail the others", async () => {
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
    expect((await discover("ann@example.org", { signal })).source).toBe("guess");
  });

  test("An answer within the limit is used although a preferred source hangs", async () => {
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

  test("A guess is uncertain where DNS did not answer, and certain where nothing is published", async () => {
    const unresolved = async () => {
      throw new AppError("host_unresolved", "no answer");
    };
    const nothing = async () => [];
    const fetchText = async () => undefined;
    const isUncertain = async (outbound: Parameters<typeof createDiscover>[0]["outbound"]) =>
      (await createDiscover({ outbound, limitMs: 50 })("ann@example.org", { signal })).isUncertain;
    expect(await isUncertain({ resolveMx: nothing, resolveSrv: nothing, fetchText })).toBeUndefined();
    expect(await isUncertain({ resolveMx: unresolved, resolveSrv: nothing, fetchText })).toBe(true);
    expect(await isUncertain({ resolveMx: nothing, resolveSrv: unresolved, fetchText })).toBe(true);
    expect(await isUncertain({ resolveMx: () => never, resolveSrv: nothing, fetchText })).toBe(true);
  });

  test("Two discoveries of one peer run at once and the others wait, while another peer's and a login's do not", async () => {
    const started: string[] = [];
    const discover = createDiscover({
      limitMs: 200,
      outbound: {
        resolveMx: async (domain) => {
          started.push(domain);
          return never;
        },
        resolveSrv: async () => [],
        fetchText: async () => undefined,
      },
    });
    const found = Promise.all([
      ...Array.from({ length: 30 }, (_, index) =>
        discover(`ann@flood${index}.example`, { signal, peer: "198.51.100.1" }),
      ),
      discover("ben@other.example", { signal, peer: "203.0.113.9" }),
      discover("cai@login.example", { signal, peer: "198.51.100.1", lane: "login" }),
    ]);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(started).toEqual(["flood0.example", "flood1.example", "other.example", "login.example"]);
    expect(new Set((await found).map(({ source }) => source))).toEqual(new Set(["guess"]));
  });
});
