/** Connecting an account, with fake logins. */
import { describe, expect, test } from "bun:test";
import { type ConnectRequest, createAccountConnector } from "../../src/accounts/account-connector.ts";
import { ConnectError } from "../../src/accounts/connect-error.ts";
import { createFailedGuesses } from "../../src/accounts/failed-guesses.ts";
import { systemClock } from "../../src/clock.ts";
import type { Credentials } from "../../src/credentials.ts";
import { AppError } from "../../src/errors.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import type { DiscoveredServers } from "../../src/providers/discover.ts";
import { findPreset } from "../../src/providers/presets.ts";

const signal = new AbortController().signal;
const nothingEntered = { host: "", port: "", security: "tls" } as const;

const passwordOf = (credentials: Credentials) => ("password" in credentials ? credentials.password : "");

const toRequest = (overrides: Partial<ConnectRequest> = {}): ConnectRequest => ({
  provider: "",
  address: "ann@fastmail.com",
  username: "",
  password: "secret word",
  imap: nothingEntered,
  smtp: nothingEntered,
  level: "send",
  withoutSending: false,
  ...overrides,
});

const toGenericRequest = (overrides: Partial<ConnectRequest> = {}) =>
  toRequest({
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
  const limited: { peer: string; accounts: readonly string[]; hosts: string[] }[] = [];
  const record =
    (side: string, answer?: (credentials: Credentials) => void) => async (credentials: Credentials) => {
      logins.push({ side, username: credentials.username, password: passwordOf(credentials) });
      answer?.(credentials);
    };
  const connect = createAccountConnector({
    config: {
      allowedEmails: options.allowedEmails ?? [],
      allowPrivateHosts,
    },
    vetOpened,
    discover: async () => {
      if (!options.found) throw new Error("the discovery must not run");
      return options.found;
    },
    limits: {
      withLogin({ peer, accounts }, work) {
        const hosts: string[] = [];
        limited.push({ peer, accounts, hosts });
        return work({
          at(server, prove) {
            hosts.push(server.host);
            return prove(signal);
          },
        });
      },
    },
    failedGuesses: createFailedGuesses({ clock: systemClock, hash: (value) => value }),
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

function discoverIcloud(): DiscoveredServers {
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

describe("Connecting an account", () => {
  test("proves IMAP, then SMTP, and returns the proven credentials", async () => {
    const { run, logins, limited } = setUp();
    expect(await run(toRequest({ provider: "fastmail" }))).toEqual({
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

  test("counts an entered user name at its server, whatever the address", async () => {
    const { run, limited } = setUp();
    for (const address of ["one@example.test", "two@example.test"])
      await run(toGenericRequest({ address, username: "ann" }));
    const [first, second] = limited.map(({ accounts }) => accounts.at(-1));
    expect(first).toStartWith("ann at ");
    expect(second).toBe(first);
  });

  test("makes no SMTP login after a refused IMAP login", async () => {
    const { run, logins } = setUp({ imap: refuse("login_refused") });
    const problem = await problemOf(run(toRequest({ provider: "fastmail" })));
    expect([problem.code, problem.field, problem.side]).toEqual(["login_refused", "password", "imap"]);
    expect(logins.length).toBe(1);
  });

  test("iCloud: tries the address, then the local part, and uses the accepted name for SMTP", async () => {
    const { run, logins } = setUp({
      imap: ({ username }) => {
        if (username.includes("@")) refuse("login_refused")();
      },
    });
    const credentials = await run(
      toRequest({ provider: "icloud", address: "ann@icloud.com", password: "abcd-efgh-ijkl-mnop" }),
    );
    expect(credentials.username).toBe("ann");
    expect(logins.map(({ side, username }) => `${side} ${username}`)).toEqual([
      "imap ann@icloud.com",
      "imap ann",
      "smtp ann",
    ]);
  });

  test("does not try another user name when the server is unreachable", async () => {
    const { run, logins } = setUp({ imap: refuse("host_unreachable") });
    const problem = await problemOf(run(toRequest({ provider: "icloud", address: "ann@icloud.com" })));
    expect([problem.code, problem.field]).toEqual(["host_unreachable", "imap_host"]);
    expect(logins.length).toBe(1);
  });

  test("a failure of SMTP names the SMTP fields", async () => {
    const problem = await problemOf(setUp({ smtp: refuse("host_unreachable") }).run(toGenericRequest()));
    expect([problem.code, problem.field, problem.side]).toEqual(["host_unreachable", "smtp_host", "smtp"]);
  });

  test.each([
    ["read", false],
    ["organise", false],
    ["send", true],
  ] as const)(
    "makes no SMTP login with the level %s (without sending: %p)",
    async (level, withoutSending) => {
      const { run, logins } = setUp({ smtp: refuse("host_unreachable") });
      const credentials = await run(toGenericRequest({ level, withoutSending }));
      expect(credentials.smtp).toBeUndefined();
      // The display name is only needed for writing.
      expect(credentials.name).toBe(level === "read" ? undefined : "Ann Lee");
      expect(logins.map(({ side }) => side)).toEqual(["imap"]);
    },
  );

  test("entered servers: fills in the usual ports and the IMAP host for SMTP, and accepts another user name", async () => {
    const credentials = await setUp().run(toGenericRequest({ username: "ann.b" }));
    expect(credentials).toMatchObject({
      provider: "generic",
      username: "ann.b",
      imap: { host: "imap.example.org", port: 143, security: "starttls" },
      smtp: { host: "IMAP.example.org".toLowerCase(), port: 465, security: "tls" },
    });
  });

  test.each([
    [{ imap: nothingEntered }, "imap_host"],
    [{ imap: { host: "imap.example.org", port: "993x", security: "tls" } }, "imap_port"],
    [{ imap: { host: "imap.example.org", port: "0", security: "tls" } }, "imap_port"],
    [{ smtp: { host: "smtp.example.org", port: "65536", security: "tls" } }, "smtp_port"],
    [{ address: "ann" }, "address"],
    [{ address: "@example.org" }, "address"],
    [{ address: "ann@example.org\r\nx" }, "address"],
    [{ password: "" }, "password"],
    [{ provider: "nobody" }, "provider"],
    [{ provider: "__proto__" }, "provider"],
  ] as const)("names the field of missing or invalid input, before any login: %p", async (wrong, field) => {
    const { run, logins } = setUp();
    const problem = await problemOf(run(toGenericRequest(wrong as Partial<ConnectRequest>)));
    expect([problem.code, problem.field]).toEqual(["invalid_input", field]);
    expect(logins).toEqual([]);
  });

  test.each(["outlook", "microsoft365"])("sends no password to %s, which accepts none", async (provider) => {
    const { run, logins } = setUp();
    const problem = await problemOf(run(toRequest({ provider, address: "ann@outlook.com" })));
    expect([problem.code, problem.field]).toEqual(["not_supported", "provider"]);
    expect(logins).toEqual([]);
  });

  test("sends no password to a discovered provider that accepts none, and returns it with the failure", async () => {
    const outlook = findPreset("outlook");
    if (!outlook) throw new Error("there is no preset outlook");
    const found: DiscoveredServers = { ...outlook, provider: "outlook", source: "mx" };
    const { run, logins } = setUp({ found });
    const problem = await problemOf(run(toRequest({ address: "ann@example.org" })));
    expect([problem.code, problem.field, problem.found]).toEqual(["not_supported", "provider", found]);
    expect(logins).toEqual([]);
  });

  test("RFC 6186 section 6: servers of another domain, known only from DNS, are shown before they get the password", async () => {
    const found = {
      provider: "generic",
      source: "srv",
      imap: { host: "mail.elsewhere.example", port: 993, security: "tls" },
      smtp: { host: "mail.elsewhere.example", port: 465, security: "tls" },
      username: "address",
    } as const satisfies DiscoveredServers;
    const { run, logins } = setUp({ found });
    const problem = await problemOf(run(toRequest({ address: "ann@example.org" })));
    expect(problem.found).toEqual(found);
    expect(logins).toEqual([]);

    const own = {
      ...found,
      imap: { ...found.imap, host: "imap.example.org" },
      smtp: { ...found.smtp, host: "example.org" },
    };
    expect((await setUp({ found: own }).run(toRequest({ address: "ann@example.org" }))).imap.host).toBe(
      "imap.example.org",
    );
  });

  test("a failure carries the discovered servers, for the form to show", async () => {
    const found = {
      provider: "generic",
      source: "guess",
      imap: { host: "imap.example.org", port: 993, security: "tls" },
      smtp: { host: "smtp.example.org", port: 465, security: "tls" },
      username: "address",
    } as const satisfies DiscoveredServers;
    const problem = await problemOf(
      setUp({ found, imap: refuse("host_unreachable") }).run(toRequest({ address: "ann@example.org" })),
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
  ])("a password entered for %s as %p is used as %p", async (provider, password, used) => {
    const { run, logins } = setUp();
    await run(toRequest({ provider, password }));
    expect(logins[0]?.password).toBe(used);
  });

  test("ALLOWED_EMAILS refuses every other address before any login or discovery", async () => {
    const { run, logins, connect } = setUp({ allowedEmails: ["Ann@Example.org", "@allowed.example"] });
    for (const address of ["ann@example.org", "bob@allowed.example", "BOB@ALLOWED.EXAMPLE"])
      await run(
        toGenericRequest({ address, imap: { ...nothingEntered, host: `imap.${address.split("@")[1]}` } }),
      );
    expect(logins.length).toBe(6);
    for (const address of ["bob@example.org", "bob@notallowed.example", "bob@sub.allowed.example"]) {
      const problem = await problemOf(run(toGenericRequest({ address })));
      expect([problem.code, problem.field]).toEqual(["permission_missing", "address"]);
      expect((await problemOf(connect.findServers(address, { signal }))).code).toBe("permission_missing");
    }
    expect(logins.length).toBe(6);
  });

  test("ALLOWED_EMAILS refuses an entered server that does not belong to the address", async () => {
    const found: DiscoveredServers = {
      provider: "generic",
      source: "srv",
      imap: { host: "mail.hoster.example", port: 993, security: "tls" },
      smtp: { host: "mail.hoster.example", port: 465, security: "tls" },
      username: "address",
    };
    const { run, logins } = setUp({ allowedEmails: ["@example.org"], found });
    const at = (host: string, username = "") =>
      toGenericRequest({ imap: { ...nothingEntered, host }, username });
    for (const host of ["imap.evil.example", "example.org.evil.example", "evilexample.org", "192.0.2.1"]) {
      const problem = await problemOf(run(at(host)));
      expect([problem.code, problem.field]).toEqual(["permission_missing", "imap_host"]);
    }
    // The right server, with the user name of somebody else.
    for (const host of ["mail.hoster.example", "imap.example.org"])
      expect((await problemOf(run(at(host, "mallory@evil.example")))).code).toBe("permission_missing");
    expect(logins).toEqual([]);
    for (const host of ["example.org", "imap.example.org", "mail.hoster.example", "mail.home", "10.1.2.3"])
      expect((await run(at(host))).imap.host).toBe(host);
    expect((await run(at("imap.example.org", "ann"))).username).toBe("ann");
    expect((await run(at("mail.home", "another"))).username).toBe("another");
  });

  test("ALLOWED_EMAILS accepts a server of the operator with and without the final dot of its name", async () => {
    const { run, openedOnly } = setUp({ allowedEmails: ["@example.org"] });
    const at = (host: string) => toGenericRequest({ imap: { ...nothingEntered, host }, username: "another" });
    for (const host of ["mail.home", "mail.home.", "post.home", "post.home.", "POST.home"])
      expect((await run(at(host))).username).toBe("another");
    expect(openedOnly).toEqual([false, false, false, false, false]);
  });

  test("ALLOWED_EMAILS accepts a name that resolves into a network of the operator, and the login stays in that network", async () => {
    const { run, logins, openedOnly } = setUp({
      allowedEmails: ["@example.org"],
      found: { ...discoverIcloud(), provider: "generic" },
      addresses: {
        "nas.example.net": ["10.1.2.3"],
        "evil.example": ["192.0.2.1"],
        "rebinding.example": ["10.1.2.3", "192.0.2.1"],
      },
    });
    const at = (host: string) => toGenericRequest({ imap: { ...nothingEntered, host }, username: "another" });
    for (const host of ["evil.example", "rebinding.example", "nowhere.example"])
      expect((await problemOf(run(at(host)))).code).toBe("permission_missing");
    expect(logins).toEqual([]);
    expect((await run(at("nas.example.net"))).username).toBe("another");
    expect(openedOnly).toEqual([true]);
  });

  test("ALLOWED_EMAILS does not accept the local part alone as proof of an address of another domain", async () => {
    const allowedEmails = ["@example.org", "@icloud.com"];
    const imap = ({ username }: Credentials) => {
      if (username.includes("@")) refuse("login_refused")();
    };
    const found = discoverIcloud();
    for (const provider of ["icloud", ""]) {
      const { run, logins } = setUp({ allowedEmails, imap, found });
      const problem = await problemOf(run(toRequest({ provider, address: "ann@example.org" })));
      expect([problem.code, ...logins.map(({ username }) => username)]).toEqual([
        "login_refused",
        "ann@example.org",
      ]);
    }
    const { run } = setUp({ allowedEmails, imap, found });
    const at = (username: string) =>
      toGenericRequest({ imap: { ...nothingEntered, host: found.imap.host }, username });
    expect((await problemOf(run(at("ann")))).code).toBe("permission_missing");
    expect((await run(toRequest({ provider: "icloud", address: "ann@icloud.com" }))).username).toBe("ann");
    // On a server of the operator every user name is accepted, because the operator assigns them.
    const bridge = { ...toGenericRequest(), provider: "protonmail", username: "another" };
    expect((await run({ ...bridge, imap: { ...nothingEntered, host: "mail.home" } })).username).toBe(
      "another",
    );
  });

  test("RFC 5891: an internationalized domain is used in ASCII", async () => {
    expect((await setUp().run(toGenericRequest({ address: "hans@müller.example" }))).address).toBe(
      "hans@xn--mller-kva.example",
    );
  });
});
