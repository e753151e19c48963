/** What may wait at the other end of a connection: SECURITY.md, S05, S06, S08, and I04 at the login. */
import { describe, expect, test } from "bun:test";
import type { Credentials, MailServer } from "../../src/credentials.ts";
import { AppError } from "../../src/errors.ts";
import { openImap, proveImap } from "../../src/imap/connect.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { openSmtp, proveSmtp } from "../../src/smtp/connect.ts";
import { type Certificate, createAuthority, trustedAuthority } from "../support/authority.ts";
import { type HostileScript, type Misdeed, startHostileImap } from "../support/hostile-imap.ts";
import { startOddListener } from "../support/odd-listeners.ts";
import { loopMsOf } from "../support/own-time.ts";
import { freePort } from "../support/ports.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { eventually } from "../support/waiting.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
/** A tenth and less of the real ones: what is proven is that each stage has one. */
const imapDeadlines = { connectMs: 300, greetingMs: 300, openMs: 700 };
const smtpDeadlines = { connectMs: 300, greetingMs: 300, silenceMs: 300 };
/** Later than the deadlines above on any machine, and sooner than the product's own. */
const lateMs = 4_000;
const password = "hunter2-never-in-clear";

function toCredentials(server: MailServer): Credentials {
  const address = "ann@example.test";
  return { address, username: address, password, provider: "generic", imap: server, smtp: server };
}

type Ended = { code: string; text: string; ms: number };

/** How an attempt to log in ends. */
async function attempt(protocol: "imap" | "smtp", server: MailServer, signal?: AbortSignal): Promise<Ended> {
  const deps = { outbound, signal: signal ?? AbortSignal.timeout(10_000) };
  const proof =
    protocol === "imap"
      ? proveImap(toCredentials(server), { ...deps, deadlines: imapDeadlines })
      : proveSmtp(toCredentials(server), { ...deps, deadlines: smtpDeadlines });
  const ending = proof.then(
    () => undefined,
    (error: AppError) => error,
  );
  const ms = await loopMsOf(() => ending);
  const failure = await ending;
  return { code: failure?.code ?? "done", text: `${failure?.message ?? ""} ${failure?.hint ?? ""}`, ms };
}

const protocols = ["imap", "smtp"] as const;
const securities = ["tls", "starttls"] as const;

describe("S05: hosts that speak something else", () => {
  const odd = {
    HTTP: { answer: "HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\n\r\nBad Request" },
    SSH: { greeting: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n" },
    nothing: {},
    "a Redis": { answer: "-ERR unknown command\r\n" },
  } as const;

  test.each(protocols.flatMap((protocol) => securities.map((security) => [protocol, security] as const)))(
    "S05: HTTP, SSH, Redis or nothing, asked for %s with %s, ends within the deadline and says nothing of what is there",
    async (protocol, security) => {
      await Promise.all(
        Object.values(odd).map(async (behaviour) => {
          const listener = await startOddListener(behaviour);
          const ended = await attempt(protocol, { host: "localhost", port: listener.port, security });
          await listener.stop();
          expect(["not_a_mail_server", "host_unreachable", "tls_failed", "mail_server_failed"]).toContain(
            ended.code,
          );
          expect(ended.text).not.toMatch(/SSH|HTTP|Bad Request|OpenSSH|ERR|Debian/);
          expect(ended.ms).toBeLessThan(lateMs);
          expect(listener.heard()).not.toContain(password);
        }),
      );
    },
  );

  test("S05: a port where nothing listens is unreachable", async () => {
    const port = await freePort();
    for (const protocol of protocols)
      expect(await attempt(protocol, { host: "localhost", port, security: "tls" })).toMatchObject({
        code: "host_unreachable",
      });
  });
});

describe("S06: certificates", () => {
  const stranger = createAuthority("an authority nobody trusts");
  const cases: readonly [string, () => Certificate, RegExp][] = [
    [
      "expired",
      () => trustedAuthority().issue({ hosts: ["localhost"], days: -1 }),
      /certificate has expired/,
    ],
    [
      "for another name",
      () => trustedAuthority().issue({ hosts: ["mail.example.org"] }),
      /certificate is for another host name/,
    ],
    [
      "of an unknown authority",
      () => stranger.issue({ hosts: ["localhost"] }),
      /certificate was issued by an unknown authority/,
    ],
  ];

  test.each(cases)(
    "S06: a certificate that is %s is named, and no password is sent, over TLS and STARTTLS",
    async (_, issue, text) => {
      for (const security of securities) {
        const imap = await startHostileImap({ security, certificate: issue() });
        const smtp = await startScriptedSmtp({ security, certificate: issue() });
        for (const [protocol, server] of [
          ["imap", imap],
          ["smtp", smtp],
        ] as const) {
          const ended = await attempt(protocol, server.server);
          expect(ended).toMatchObject({ code: "tls_failed" });
          expect(ended.text).toMatch(text);
          expect(server.commands.filter((line) => /LOGIN|AUTH/.test(line))).toEqual([]);
          await server.stop();
        }
      }
    },
  );

  test("S06: a self-signed certificate is named", async () => {
    const server = await startHostileImap({ certificate: stranger.selfSigned({ hosts: ["localhost"] }) });
    const ended = await attempt("imap", server.server);
    await server.stop();
    expect(ended.code).toBe("tls_failed");
    expect(ended.text).toMatch(/certificate is self-signed/);
    expect(server.commands).toEqual([]);
  });

  test("S06: TLS 1.1 is refused, and no password is sent", async () => {
    const server = await startHostileImap({ maxVersion: "TLSv1.1" });
    const ended = await attempt("imap", server.server);
    await server.stop();
    expect(ended.code).toBe("tls_failed");
    expect(server.commands).toEqual([]);
  });
});

describe("S08: encryption that is missing", () => {
  test("S08: submission without STARTTLS is refused and no AUTH is sent", async () => {
    const server = await startScriptedSmtp({ security: "bare" });
    const ended = await attempt("smtp", server.server);
    await server.stop();
    expect(ended.code).toBe("tls_failed");
    expect(server.commands.filter((line) => line.startsWith("AUTH"))).toEqual([]);
  });

  test("S08: IMAP whose STARTTLS was stripped, or that is PREAUTH in clear, gets no LOGIN", async () => {
    for (const on of [{}, { greeting: { say: "* PREAUTH welcome\r\n" } }]) {
      const server = await startHostileImap({ security: "bare", on });
      const ended = await attempt("imap", server.server);
      await server.stop();
      expect(ended.code).toBe("tls_failed");
      expect(server.commands.filter((line) => line.includes("LOGIN"))).toEqual([]);
    }
  });

  test.each([
    ["an untagged answer", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] injected\r\n"],
    ["the answer to what comes next", "2 OK done\r\n3 OK [CAPABILITY IMAP4rev1] done\r\n"],
    ["half a line", "* OK [CAPABILITY IMAP4rev1"],
  ])(
    "S08: %s slipped in before the TLS handshake is not taken as the server's: nobody gets a LOGIN (RFC 9051 section 6.2.1)",
    async (_, beforeTls) => {
      const server = await startHostileImap({ security: "starttls", beforeTls });
      const ended = await attempt("imap", server.server);
      await server.stop();
      expect(["tls_failed", "not_a_mail_server"]).toContain(ended.code);
      expect(server.commands.filter((line) => line.includes("LOGIN"))).toEqual([]);
    },
  );

  test("a server that lets everybody in without a password proves nobody's login", async () => {
    const server = await startHostileImap({
      on: { greeting: { say: "* PREAUTH [CAPABILITY IMAP4rev1] welcome\r\n" } },
    });
    const ended = await attempt("imap", server.server);
    await server.stop();
    expect(ended.code).toBe("not_a_mail_server");
  });
});

describe("I04: a login that is refused for load is not a wrong password", () => {
  test.each([
    ["NO [UNAVAILABLE]", "TAG NO [UNAVAILABLE] try later\r\n", "mail_server_busy"],
    ["NO [LIMIT]", "TAG NO [LIMIT] Maximum number of connections\r\n", "mail_server_busy"],
    ["NO [INUSE]", "TAG NO [INUSE] in use\r\n", "mail_server_busy"],
    ["BYE", "* BYE Too many connections\r\n", "mail_server_busy"],
    ["NO [ALERT]", "TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", "mail_server_failed"],
    ["BAD", "TAG BAD no\r\n", "mail_server_failed"],
    [
      "a throttle",
      "TAG BAD Request is throttled. Suggested Backoff Time: 100 milliseconds\r\n",
      "mail_server_busy",
    ],
    ["NO [AUTHENTICATIONFAILED]", "TAG NO [AUTHENTICATIONFAILED] no\r\n", "login_refused"],
    ["NO [EXPIRED]", "TAG NO [EXPIRED] That password failed.\r\n", "login_refused"],
    ["a plain NO", "TAG NO LOGIN failed.\r\n", "login_refused"],
  ])("I04: IMAP: %s", async (_, say, code) => {
    const server = await startHostileImap({ on: { LOGIN: { say } } });
    const ended = await attempt("imap", server.server);
    await server.stop();
    expect(ended.code).toBe(code);
    expect(ended.text).not.toMatch(/simultaneous|Maximum number|throttled|failed\./);
  });

  test.each([
    ["454 at AUTH", { AUTH: "454 4.7.0 Temporary authentication failure" }, "mail_server_busy"],
    ["421 at the greeting", { greeting: "421 4.3.2 Too many connections" }, "mail_server_busy"],
    ["421 at AUTH", { AUTH: "421 4.7.0 Too many" }, "mail_server_busy"],
    ["535", { AUTH: "535 5.7.8 Bad credentials" }, "login_refused"],
    [
      "534, an app password is wanted",
      { AUTH: "534 5.7.9 Application-specific password required" },
      "login_refused",
    ],
    ["554 at AUTH", { AUTH: "554 5.7.0 Blocked" }, "mail_server_failed"],
  ])("I04: SMTP: %s", async (_, replies, code) => {
    const server = await startScriptedSmtp({ replies });
    const ended = await attempt("smtp", server.server);
    await server.stop();
    expect(ended.code).toBe(code);
    expect(ended.text).not.toMatch(/Too many|Temporary|Bad credentials|Blocked/);
  });
});

describe("a hostile server at the login", () => {
  const misdeeds: readonly Misdeed[] = [
    "stall",
    "cut",
    "bye",
    "endless line",
    "huge literal",
    "drip",
    "flood",
    "garbage",
    "nesting",
  ];
  const stages = ["greeting", "CAPABILITY", "LOGIN"] as const;

  test.each(stages)(
    "whatever it does at %s ends within the deadline, closed, and without its words",
    async (stage) => {
      await Promise.all(
        misdeeds.map(async (misdeed) => {
          const server = await startHostileImap({ on: { [stage]: misdeed } satisfies HostileScript["on"] });
          const ended = await attempt("imap", server.server);
          const where = `${JSON.stringify(misdeed)} at ${stage}`;
          expect(["done", "login_refused"], where).not.toContain(ended.code);
          expect(ended.ms, where).toBeLessThan(lateMs);
          expect(ended.text, where).not.toMatch(/Autologout|xxx/);
          await server.stop();
        }),
      );
    },
  );

  test.each(["greeting", "EHLO", "STARTTLS", "AUTH"] as const)(
    "SMTP that stalls or hangs up at %s ends within the deadline",
    async (stage) => {
      for (const script of [{ stallAt: stage }, { cutAt: stage }] as const) {
        const server = await startScriptedSmtp({ security: "starttls", ...script });
        const ended = await attempt("smtp", server.server);
        await server.stop();
        expect(["not_a_mail_server", "host_unreachable", "tls_failed", "mail_server_failed"]).toContain(
          ended.code,
        );
        expect(ended.ms).toBeLessThan(lateMs);
      }
    },
  );

  test("a caller who goes away ends the opening at once, and the connection is closed", async () => {
    const imap = await startHostileImap({ on: { LOGIN: "stall" } });
    const smtp = await startScriptedSmtp({ stallAt: "AUTH" });
    for (const [server, openIt] of [
      [imap, openImap],
      [smtp, openSmtp],
    ] as const) {
      const deps = { outbound, signal: AbortSignal.timeout(120) };
      const ms = await loopMsOf(async () => {
        const failure = await openIt(toCredentials(server.server), deps).catch((error: AppError) => error);
        expect(failure).toMatchObject({ code: "timed_out" });
      });
      expect(ms).toBeLessThan(lateMs);
      await eventually(() => server.open() === 0);
    }
    await Promise.all([imap.stop(), smtp.stop()]);
  });

  test("a caller who goes away while the name is looked up has nothing connected to", async () => {
    const imap = await startHostileImap({ on: { LOGIN: "stall" } });
    const smtp = await startScriptedSmtp({ stallAt: "AUTH" });
    for (const [server, openIt] of [
      [imap, openImap],
      [smtp, openSmtp],
    ] as const) {
      const caller = new AbortController();
      const looking = createOutbound({
        allowPrivateHosts: ["localhost"],
        resolve: {
          async addresses() {
            caller.abort(new AppError("cancelled", "The call was cancelled."));
            return ["127.0.0.1"];
          },
        },
      });
      const deps = { outbound: looking, signal: caller.signal };
      expect(await openIt(toCredentials(server.server), deps).catch(({ code }) => code)).toBe("cancelled");
      expect(server.connections()).toBe(0);
    }
    await Promise.all([imap.stop(), smtp.stop()]);
  });
});
