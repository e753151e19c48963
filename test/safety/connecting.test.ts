/** Connections to wrong, insecure, overloaded and hostile servers: SECURITY.md, S05, S06, S08, and I04 at the login. */
import { describe, expect, test } from "bun:test";
import type { Credentials, MailServer } from "../../src/credentials.ts";
import { AppError } from "../../src/errors.ts";
import { openImap, proveImap } from "../../src/imap/connect.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { openSmtp, proveSmtp } from "../../src/smtp/connect.ts";
import { type Certificate, createAuthority, trustedAuthority } from "../support/authority.ts";
import { type HostileScript, type Misdeed, startHostileImap } from "../support/hostile-imap.ts";
import { loopMsOf } from "../support/own-time.ts";
import { freePort } from "../support/ports.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { startTcpListener } from "../support/tcp-listener.ts";
import { eventually } from "../support/waiting.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
/** A tenth of the real deadlines or less: the tests show that each stage has one. */
const imapDeadlines = { connectMs: 600, greetingMs: 600, openMs: 1_200 };
const smtpDeadlines = { connectMs: 600, greetingMs: 600, silenceMs: 600, answerMs: 600 };
/** Longer than the deadlines above, with tolerance for a busy machine, and shorter than the product's own. */
const lateMs = 4_000;
const password = "hunter2-never-in-clear";

function toCredentials(server: MailServer): Credentials {
  const address = "ann@example.test";
  return { address, username: address, password, provider: "generic", imap: server, smtp: server };
}

type Outcome = { code: string; text: string; ms: number };

/** Tries a login. Returns the failure code ("done" on success), the text and the duration. */
async function attempt(
  protocol: "imap" | "smtp",
  server: MailServer,
  signal?: AbortSignal,
): Promise<Outcome> {
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

describe("S05: Hosts with another protocol", () => {
  const odd = {
    HTTP: { answer: "HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\n\r\nBad Request" },
    SSH: { greeting: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n" },
    nothing: {},
    "a Redis": { answer: "-ERR unknown command\r\n" },
  } as const;

  test.each(protocols.flatMap((protocol) => securities.map((security) => [protocol, security] as const)))(
    "S05: A login by %s with %s at HTTP, SSH, Redis or a silent server ends within the deadline, without text of the server",
    async (protocol, security) => {
      await Promise.all(
        Object.values(odd).map(async (behavior) => {
          const listener = await startTcpListener(behavior);
          const outcome = await attempt(protocol, { host: "localhost", port: listener.port, security });
          await listener.stop();
          expect(["not_a_mail_server", "host_unreachable", "tls_failed", "mail_server_failed"]).toContain(
            outcome.code,
          );
          expect(outcome.text).not.toMatch(/SSH|HTTP|Bad Request|OpenSSH|ERR|Debian/);
          expect(outcome.ms).toBeLessThan(lateMs);
          expect(listener.received()).not.toContain(password);
        }),
      );
    },
  );

  test("S05: A port on which nothing listens is unreachable", async () => {
    const port = await freePort();
    for (const protocol of protocols)
      expect(await attempt(protocol, { host: "localhost", port, security: "tls" })).toMatchObject({
        code: "host_unreachable",
      });
  });
});

describe("S06: Certificates", () => {
  const unknownAuthority = createAuthority("unknown authority");
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
      () => unknownAuthority.issue({ hosts: ["localhost"] }),
      /certificate was issued by an unknown authority/,
    ],
  ];

  test.each(cases)(
    "S06: A certificate that is %s is reported as such, and no password is sent, over TLS and STARTTLS",
    async (_, issue, text) => {
      for (const security of securities) {
        const imap = await startHostileImap({ security, certificate: issue() });
        const smtp = await startScriptedSmtp({ security, certificate: issue() });
        for (const [protocol, server] of [
          ["imap", imap],
          ["smtp", smtp],
        ] as const) {
          const outcome = await attempt(protocol, server.server);
          expect(outcome).toMatchObject({ code: "tls_failed" });
          expect(outcome.text).toMatch(text);
          expect(server.commands.filter((line) => /LOGIN|AUTH/.test(line))).toEqual([]);
          await server.stop();
        }
      }
    },
  );

  test("S06: A self-signed certificate is reported as such", async () => {
    const server = await startHostileImap({
      certificate: unknownAuthority.selfSigned({ hosts: ["localhost"] }),
    });
    const outcome = await attempt("imap", server.server);
    await server.stop();
    expect(outcome.code).toBe("tls_failed");
    expect(outcome.text).toMatch(/certificate is self-signed/);
    expect(server.commands).toEqual([]);
  });

  test("S06: TLS 1.1 is refused, and no password is sent", async () => {
    const server = await startHostileImap({ maxVersion: "TLSv1.1" });
    const outcome = await attempt("imap", server.server);
    await server.stop();
    expect(outcome.code).toBe("tls_failed");
    expect(server.commands).toEqual([]);
  });
});

describe("S08: Missing encryption", () => {
  test("S08: Submission without STARTTLS is refused, and no AUTH is sent", async () => {
    const server = await startScriptedSmtp({ security: "bare" });
    const outcome = await attempt("smtp", server.server);
    await server.stop();
    expect(outcome.code).toBe("starttls_missing");
    expect(server.commands.filter((line) => line.startsWith("AUTH"))).toEqual([]);
  });

  test("S08: No LOGIN is sent to IMAP without STARTTLS, or with PREAUTH in clear", async () => {
    for (const on of [{}, { greeting: { say: "* PREAUTH welcome\r\n" } }]) {
      const server = await startHostileImap({ security: "bare", on });
      const outcome = await attempt("imap", server.server);
      await server.stop();
      expect(outcome.code).toBe("starttls_missing");
      expect(server.commands.filter((line) => line.includes("LOGIN"))).toEqual([]);
    }
  });

  test.each([
    ["an untagged response", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] injected\r\n"],
    ["a response to the next command", "2 OK done\r\n3 OK [CAPABILITY IMAP4rev1] done\r\n"],
    ["a partial line", "* OK [CAPABILITY IMAP4rev1"],
  ])(
    "S08: RFC 9051 section 6.2.1: After %s injected before the TLS handshake no LOGIN is sent",
    async (_, beforeTls) => {
      const server = await startHostileImap({ security: "starttls", beforeTls });
      const outcome = await attempt("imap", server.server);
      await server.stop();
      expect(["tls_failed", "not_a_mail_server"]).toContain(outcome.code);
      expect(server.commands.filter((line) => line.includes("LOGIN"))).toEqual([]);
    },
  );

  test("A server that accepts everybody without a password proves no login", async () => {
    const server = await startHostileImap({
      on: { greeting: { say: "* PREAUTH [CAPABILITY IMAP4rev1] welcome\r\n" } },
    });
    const outcome = await attempt("imap", server.server);
    await server.stop();
    expect(outcome.code).toBe("not_a_mail_server");
  });
});

describe("I04: A login refused for load is not a wrong password", () => {
  test.each([
    ["NO [UNAVAILABLE]", "TAG NO [UNAVAILABLE] try later\r\n", "mail_server_busy"],
    ["NO [LIMIT]", "TAG NO [LIMIT] Maximum number of connections\r\n", "mail_server_busy"],
    ["NO [INUSE]", "TAG NO [INUSE] in use\r\n", "mail_server_busy"],
    ["BYE", "* BYE Too many connections\r\n", "mail_server_busy"],
    ["Gmail's limit", "TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", "mail_server_busy"],
    [
      "Gmail's bandwidth limit",
      "TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)\r\n",
      "mail_server_busy",
    ],
    ["Gmail's throttling", "TAG NO [THROTTLED] System Error (Failure)\r\n", "mail_server_busy"],
    ["NO [ALERT]", "TAG NO [ALERT] Something is wrong (Failure)\r\n", "mail_server_failed"],
    [
      "a wish for the browser",
      "TAG NO [WEBALERT https://accounts.google.com/x] Web login required. (Failure)\r\n",
      "mail_server_failed",
    ],
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
    const outcome = await attempt("imap", server.server);
    await server.stop();
    expect(outcome.code).toBe(code);
    expect(outcome.text).not.toMatch(/simultaneous|Maximum number|throttled|failed\./);
  });

  test.each([
    ["454 at AUTH", { AUTH: "454 4.7.0 Temporary authentication failure" }, "mail_server_busy"],
    ["421 at the greeting", { greeting: "421 4.3.2 Too many connections" }, "mail_server_busy"],
    ["421 at AUTH", { AUTH: "421 4.7.0 Too many" }, "mail_server_busy"],
    ["535", { AUTH: "535 5.7.8 Bad credentials" }, "login_refused"],
    [
      "534 for a missing app password",
      { AUTH: "534 5.7.9 Application-specific password required" },
      "login_refused",
    ],
    ["554 at AUTH", { AUTH: "554 5.7.0 Blocked" }, "mail_server_failed"],
  ])("I04: SMTP: %s", async (_, replies, code) => {
    const server = await startScriptedSmtp({ replies });
    const outcome = await attempt("smtp", server.server);
    await server.stop();
    expect(outcome.code).toBe(code);
    expect(outcome.text).not.toMatch(/Too many|Temporary|Bad credentials|Blocked/);
  });
});

describe("A hostile server at the login", () => {
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
    "at %s: the login ends within the deadline with an error, without text of the server",
    async (stage) => {
      await Promise.all(
        misdeeds.map(async (misdeed) => {
          const server = await startHostileImap({ on: { [stage]: misdeed } satisfies HostileScript["on"] });
          const outcome = await attempt("imap", server.server);
          const where = `${JSON.stringify(misdeed)} at ${stage}`;
          expect(["done", "login_refused"], where).not.toContain(outcome.code);
          expect(outcome.ms, where).toBeLessThan(lateMs);
          expect(outcome.text, where).not.toMatch(/Autologout|xxx/);
          await server.stop();
        }),
      );
    },
  );

  test.each(["greeting", "EHLO", "STARTTLS", "AUTH"] as const)(
    "that stalls or hangs up SMTP at %s: the login ends within the deadline",
    async (stage) => {
      for (const script of [{ stallAt: stage }, { cutAt: stage }] as const) {
        const server = await startScriptedSmtp({ security: "starttls", ...script });
        const outcome = await attempt("smtp", server.server);
        await server.stop();
        expect(["not_a_mail_server", "host_unreachable", "tls_failed", "mail_server_failed"]).toContain(
          outcome.code,
        );
        expect(outcome.ms).toBeLessThan(lateMs);
      }
    },
  );

  test("and an aborted call: the login ends at once, and the connection is closed", async () => {
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

  test("and a call aborted during the DNS query: no connection is made", async () => {
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
