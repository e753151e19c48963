/** From what was typed to proven credentials, with logins that a test answers. */
import { describe, expect, test } from "bun:test";
import { type ConnectRequest, createAccountConnector } from "../../src/accounts/account-connector.ts";
import { ConnectError } from "../../src/accounts/connect-error.ts";
import type { Credentials } from "../../src/credentials.ts";
import { AppError } from "../../src/errors.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import type { DiscoveredServers } from "../../src/providers/discover.ts";
import { findPreset } from "../../src/providers/presets.ts";
import { proveSmtp } from "../../src/smtp/connect.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";

const signal = new AbortController().signal;
const nothingTyped = { host: "", port: "", security: "tls" } as const;

const typed = (overrides: Partial<ConnectRequest> = {}): ConnectRequest => ({
  provider: "",
  address: "ann@fastmail.com",
  username: "",
  password: "secret word",
  imap: nothingTyped,
  smtp: nothingTyped,
  level: "send",
  withoutSending: false,
  ...overrides,
});

const generic = (overrides: Partial<ConnectRequest> = {}) =>
  typed({
    provider: "generic",
    address: "ann@example.org",
    imap: { host: "IMAP.example.org", port: "", security: "starttls" },
    smtp: { host: "", port: "465", security: "tls" },
    ...overrides,
  });

function setUp(
  options: {
    allowedEmails?: string[];
    found?: DiscoveredServers;
    imap?: (credentials: Credentials) => void;
    smtp?: (credentials: Credentials) => void;
    /** Names with the addresses they resolve to. */
    addresses?: Readonly<Record<string, readonly string[]>>;
  } = {},
) {
  const allowPrivateHosts = ["mail.home", "post.home.", "10.0.0.0/8"];
  const resolve = { addresses: async (name: string) => [...(options.addresses?.[name] ?? [])] };
  const { vetOpened } = createOutbound({ allowPrivateHosts, resolve, refusalMs: 0 });
  const openedOnly: boolean[] = [];
  const logins: { side: string; username: string; password: string }[] = [];
  const limited: { peer: string; accounts: readonly string[]; hosts: readonly string[] }[] = [];
  const record =
    (side: string, answer?: (credentials: Credentials) => void) => async (with_: Credentials) => {
      logins.push({ side, username: with_.username, password: with_.password });
      answer?.(with_);
    };
  const connect = createAccountConnector({
    config: {
      allowedEmails: options.allowedEmails ?? [],
      allowPrivateHosts,
    },
    vetOpened,
    discover: async () => {
      if (!options.found) throw new Error("nobody should be asked");
      return options.found;
    },
    limits: {
      withLogin(attempt, work) {
        limited.push(attempt);
        return work();
      },
    },
    proveImap: async (credentials, _signal, { writes, ...rest }) => {
      openedOnly.push(rest.openedOnly);
      await record("imap", options.imap)(credentials);
      return writes ? "Ann Lee" : undefined;
    },
    proveSmtp: record("smtp", options.smtp),
  });
  const run = (request: ConnectRequest) => connect.connectAccount(request, { signal, peer: "192.0.2.1" });
  return { connect, run, logins, limited, openedOnly };
}

const refuse = (code: "login_refused" | "host_unreachable") => () => {
  throw new AppError(code, "refused");
};

function icloudFound(): DiscoveredServers {
  const icloud = findPreset("icloud");
  if (!icloud) throw new Error("there is no preset icloud");
  return { ...icloud, provider: "icloud", source: "mx" };
}

/** The ConnectError that a promise fails with. */
async function problemOf(promise: Promise<unknown>): Promise<ConnectError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConnectError) return error;
  throw new Error("it did not fail with a ConnectError", { cause: error });
}

describe("Connecting a mailbox", () => {
  test("IMAP is proven before SMTP, and what is proven is what is kept", async () => {
    const { run, logins, limited } = setUp();
    expect(await run(typed({ provider: "fastmail" }))).toEqual({
      address: "ann@fastmail.com",
      name: "Ann Lee",
      username: "ann@fastmail.com",
      password: "secretword",
      provider: "fastmail",
      imap: { host: "imap.fastmail.com", port: 993, security: "tls" },
      smtp: { host: "smtp.fastmail.com", port: 465, security: "tls" },
    });
    expect(logins.map(({ side }) => side)).toEqual(["imap", "smtp"]);
    expect(limited).toEqual([
      {
        peer: "192.0.2.1",
        accounts: ["ann@fastmail.com", "ann@fastmail.com at imap.fastmail.com"],
        hosts: ["imap.fastmail.com", "smtp.fastmail.com"],
      },
    ]);
  });

  test("A typed user name is counted at its server, whatever address it is typed beside", async () => {
    const { run, limited } = setUp();
    for (const address of ["one@example.test", "two@example.test"])
      await run(generic({ address, username: "ann" }));
    const [first, second] = limited.map(({ accounts }) => accounts.at(-1));
    expect(first).toStartWith("ann at ");
    expect(second).toBe(first);
  });

  test("A refused IMAP login costs no second one at SMTP", async () => {
    const { run, logins } = setUp({ imap: refuse("login_refused") });
    const problem = await problemOf(run(typed({ provider: "fastmail" })));
    expect([problem.code, problem.field, problem.side]).toEqual(["login_refused", "password", "imap"]);
    expect(logins.length).toBe(1);
  });

  test("iCloud is tried with the address, then with the part before @, with the same name at SMTP", async () => {
    const { run, logins } = setUp({
      imap: ({ username }) => {
        if (username.includes("@")) refuse("login_refused")();
      },
    });
    const credentials = await run(
      typed({ provider: "icloud", address: "ann@icloud.com", password: "abcd-efgh-ijkl-mnop" }),
    );
    expect(credentials.username).toBe("ann");
    expect(logins.map(({ side, username }) => `${side} ${username}`)).toEqual([
      "imap ann@icloud.com",
      "imap ann",
      "smtp ann",
    ]);
  });

  test("A server that does not answer is not asked again under another name", async () => {
    const { run, logins } = setUp({ imap: refuse("host_unreachable") });
    const problem = await problemOf(run(typed({ provider: "icloud", address: "ann@icloud.com" })));
    expect([problem.code, problem.field]).toEqual(["host_unreachable", "imap_host"]);
    expect(logins.length).toBe(1);
  });

  test("A server that answers each step just in time is given up as a whole, and that is its failure", async () => {
    const smtp = await startScriptedSmtp({ slowMs: 400 });
    const outbound = createOutbound({ allowPrivateHosts: ["localhost"] });
    const connect = createAccountConnector({
      config: { allowedEmails: [], allowPrivateHosts: ["localhost"] },
      discover: async () => Promise.reject(new Error("nobody should be asked")),
      limits: { withLogin: (_, work) => work() },
      proveImap: async () => undefined,
      vetOpened: outbound.vetOpened,
      proveSmtp: (credentials, ending) => proveSmtp(credentials, { outbound, signal: ending }),
      loginMs: 500,
    });
    const { host, port, security } = smtp.server;
    const request = generic({ smtp: { host, port: String(port), security } });
    const problem = await problemOf(connect.connectAccount(request, { signal, peer: "192.0.2.1" }));
    expect([problem.code, problem.side]).toEqual(["timed_out", "smtp"]);
    await smtp.stop();
  });

  test("A failure of SMTP is told apart from one of IMAP", async () => {
    const problem = await problemOf(setUp({ smtp: refuse("host_unreachable") }).run(generic()));
    expect([problem.code, problem.field, problem.side]).toEqual(["host_unreachable", "smtp_host", "smtp"]);
  });

  test.each([
    ["read", false],
    ["organise", false],
    ["send", true],
  ] as const)(
    "At level %s, or going on without sending, no SMTP server is asked",
    async (level, withoutSending) => {
      const { run, logins } = setUp({ smtp: refuse("host_unreachable") });
      const credentials = await run(generic({ level, withoutSending }));
      expect(credentials.smtp).toBeUndefined();
      // Whoever writes nothing needs no name to write under.
      expect(credentials.name).toBe(level === "read" ? undefined : "Ann Lee");
      expect(logins.map(({ side }) => side)).toEqual(["imap"]);
    },
  );

  test("Typed servers: usual ports, the IMAP host where none is typed for SMTP, a user name of its own", async () => {
    const credentials = await setUp().run(generic({ username: "ann.b" }));
    expect(credentials).toMatchObject({
      provider: "generic",
      username: "ann.b",
      imap: { host: "imap.example.org", port: 143, security: "starttls" },
      smtp: { host: "IMAP.example.org".toLowerCase(), port: 465, security: "tls" },
    });
  });

  test.each([
    [{ imap: nothingTyped }, "imap_host"],
    [{ imap: { host: "imap.example.org", port: "993x", security: "tls" } }, "imap_port"],
    [{ imap: { host: "imap.example.org", port: "0", security: "tls" } }, "imap_port"],
    [{ smtp: { host: "smtp.example.org", port: "65536", security: "tls" } }, "smtp_port"],
    [{ address: "ann" }, "address"],
    [{ address: "@example.org" }, "address"],
    [{ address: "ann@example.org\r\nx" }, "address"],
    [{ password: "" }, "password"],
    [{ provider: "nobody" }, "provider"],
    [{ provider: "__proto__" }, "provider"],
  ] as const)(
    "What is missing or wrong is named by its field before anybody is asked: %p",
    async (wrong, field) => {
      const { run, logins } = setUp();
      const problem = await problemOf(run(generic(wrong as Partial<ConnectRequest>)));
      expect([problem.code, problem.field]).toEqual(["invalid_input", field]);
      expect(logins).toEqual([]);
    },
  );

  test.each(["outlook", "microsoft365"])("No password is sent to %s, which takes none", async (provider) => {
    const { run, logins } = setUp();
    const problem = await problemOf(run(typed({ provider, address: "ann@outlook.com" })));
    expect([problem.code, problem.field]).toEqual(["not_supported", "provider"]);
    expect(logins).toEqual([]);
  });

  test("Nor to a company that takes none and is found behind the domain, which is told with the refusal", async () => {
    const outlook = findPreset("outlook");
    if (!outlook) throw new Error("there is no preset outlook");
    const found: DiscoveredServers = { ...outlook, provider: "outlook", source: "mx" };
    const { run, logins } = setUp({ found });
    const problem = await problemOf(run(typed({ address: "ann@example.org" })));
    expect([problem.code, problem.field, problem.found]).toEqual(["not_supported", "provider", found]);
    expect(logins).toEqual([]);
  });

  test("RFC 6186 6: servers of another domain, named by DNS alone, are shown before they get the password", async () => {
    const found = {
      provider: "generic",
      source: "srv",
      imap: { host: "mail.elsewhere.example", port: 993, security: "tls" },
      smtp: { host: "mail.elsewhere.example", port: 465, security: "tls" },
      username: "address",
    } as const satisfies DiscoveredServers;
    const { run, logins } = setUp({ found });
    const problem = await problemOf(run(typed({ address: "ann@example.org" })));
    expect(problem.found).toEqual(found);
    expect(logins).toEqual([]);

    const own = {
      ...found,
      imap: { ...found.imap, host: "imap.example.org" },
      smtp: { ...found.smtp, host: "example.org" },
    };
    expect((await setUp({ found: own }).run(typed({ address: "ann@example.org" }))).imap.host).toBe(
      "imap.example.org",
    );
  });

  test("Servers that were looked up travel with a failure, so that the form can show them", async () => {
    const found = {
      provider: "generic",
      source: "guess",
      imap: { host: "imap.example.org", port: 993, security: "tls" },
      smtp: { host: "smtp.example.org", port: 465, security: "tls" },
      username: "address",
    } as const satisfies DiscoveredServers;
    const problem = await problemOf(
      setUp({ found, imap: refuse("host_unreachable") }).run(typed({ address: "ann@example.org" })),
    );
    expect(problem.found).toEqual(found);
  });

  test.each([
    ["gmail", "abcd efgh ijkl mnop", "abcdefghijklmnop"],
    ["gmail", " abcd\u00a0efgh ijkl mnop\n", "abcdefghijklmnop"],
    ["icloud", " abcd-efgh-ijkl-mnop ", "abcd-efgh-ijkl-mnop"],
    ["posteo", "correct horse battery staple", "correct horse battery staple"],
    ["posteo", " leading", " leading"],
    ["posteo", "abcd efgh ijkl mnop", "abcdefghijklmnop"],
  ])("A password pasted for %s as %p is used as %p", async (provider, password, used) => {
    const { run, logins } = setUp();
    await run(typed({ provider, password }));
    expect(logins[0]?.password).toBe(used);
  });

  test("ALLOWED_EMAILS closes the door to all other addresses, before any server is asked", async () => {
    const { run, logins, connect } = setUp({ allowedEmails: ["Ann@Example.org", "@allowed.example"] });
    for (const address of ["ann@example.org", "bob@allowed.example", "BOB@ALLOWED.EXAMPLE"])
      await run(generic({ address, imap: { ...nothingTyped, host: `imap.${address.split("@")[1]}` } }));
    expect(logins.length).toBe(6);
    for (const address of ["bob@example.org", "bob@notallowed.example", "bob@sub.allowed.example"]) {
      const problem = await problemOf(run(generic({ address })));
      expect([problem.code, problem.field]).toEqual(["permission_missing", "address"]);
      expect((await problemOf(connect.findServers(address, { signal }))).code).toBe("permission_missing");
    }
    expect(logins.length).toBe(6);
  });

  test("ALLOWED_EMAILS is not got around by a server of one's own, where every login works", async () => {
    const found: DiscoveredServers = {
      provider: "generic",
      source: "srv",
      imap: { host: "mail.hoster.example", port: 993, security: "tls" },
      smtp: { host: "mail.hoster.example", port: 465, security: "tls" },
      username: "address",
    };
    const { run, logins } = setUp({ allowedEmails: ["@example.org"], found });
    const at = (host: string, username = "") => generic({ imap: { ...nothingTyped, host }, username });
    for (const host of ["imap.evil.example", "example.org.evil.example", "evilexample.org", "192.0.2.1"]) {
      const problem = await problemOf(run(at(host)));
      expect([problem.code, problem.field]).toEqual(["permission_missing", "imap_host"]);
    }
    // The right server, and somebody else's name on it.
    for (const host of ["mail.hoster.example", "imap.example.org"])
      expect((await problemOf(run(at(host, "mallory@evil.example")))).code).toBe("permission_missing");
    expect(logins).toEqual([]);
    for (const host of ["example.org", "imap.example.org", "mail.hoster.example", "mail.home", "10.1.2.3"])
      expect((await run(at(host))).imap.host).toBe(host);
    expect((await run(at("imap.example.org", "ann"))).username).toBe("ann");
    expect((await run(at("mail.home", "another"))).username).toBe("another");
  });

  test("With ALLOWED_EMAILS a server is the operator's own with and without the final dot of its name", async () => {
    const { run, openedOnly } = setUp({ allowedEmails: ["@example.org"] });
    const at = (host: string) => generic({ imap: { ...nothingTyped, host }, username: "another" });
    for (const host of ["mail.home", "mail.home.", "post.home", "post.home.", "POST.home"])
      expect((await run(at(host))).username).toBe("another");
    expect(openedOnly).toEqual([false, false, false, false, false]);
  });

  test("With ALLOWED_EMAILS a name in an opened network is the operator's own, and the login stays there", async () => {
    const { run, logins, openedOnly } = setUp({
      allowedEmails: ["@example.org"],
      found: { ...icloudFound(), provider: "generic" },
      addresses: {
        "nas.example.net": ["10.1.2.3"],
        "evil.example": ["192.0.2.1"],
        "rebinding.example": ["10.1.2.3", "192.0.2.1"],
      },
    });
    const at = (host: string) => generic({ imap: { ...nothingTyped, host }, username: "another" });
    for (const host of ["evil.example", "rebinding.example", "nowhere.example"])
      expect((await problemOf(run(at(host)))).code).toBe("permission_missing");
    expect(logins).toEqual([]);
    expect((await run(at("nas.example.net"))).username).toBe("another");
    expect(openedOnly).toEqual([true]);
  });

  test("ALLOWED_EMAILS is not got around by a company where the part before @ is somebody else's name", async () => {
    const allowedEmails = ["@example.org", "@icloud.com"];
    const imap = ({ username }: Credentials) => {
      if (username.includes("@")) refuse("login_refused")();
    };
    const found = icloudFound();
    for (const provider of ["icloud", ""]) {
      const { run, logins } = setUp({ allowedEmails, imap, found });
      const problem = await problemOf(run(typed({ provider, address: "ann@example.org" })));
      expect([problem.code, ...logins.map(({ username }) => username)]).toEqual([
        "login_refused",
        "ann@example.org",
      ]);
    }
    const { run } = setUp({ allowedEmails, imap, found });
    const at = (username: string) => generic({ imap: { ...nothingTyped, host: found.imap.host }, username });
    expect((await problemOf(run(at("ann")))).code).toBe("permission_missing");
    expect((await run(typed({ provider: "icloud", address: "ann@icloud.com" }))).username).toBe("ann");
    // On the operator's own server any name is as good: who has one there is the operator's to say.
    const bridge = { ...generic(), provider: "protonmail", username: "another" };
    expect((await run({ ...bridge, imap: { ...nothingTyped, host: "mail.home" } })).username).toBe("another");
  });

  test("A domain in another script is used in ASCII", async () => {
    expect((await setUp().run(generic({ address: "hans@müller.example" }))).address).toBe(
      "hans@xn--mller-kva.example",
    );
  });
});
