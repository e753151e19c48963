/** The deadline of one login. */
import { expect, test } from "bun:test";
import { type ConnectRequest, createAccountConnector } from "../../src/accounts/account-connector.ts";
import { ConnectError } from "../../src/accounts/connect-error.ts";
import { createFailedGuesses } from "../../src/accounts/failed-guesses.ts";
import { systemClock } from "../../src/clock.ts";
import { unlimitedLogins } from "../../src/http/login-limits.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { proveSmtp } from "../../src/smtp/connect.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";

test("A server that answers each stage just in time exceeds the deadline of the login, and fails with timed_out", async () => {
  const smtp = await startScriptedSmtp({ slowMs: 400 });
  const outbound = createOutbound({ allowPrivateHosts: ["localhost"] });
  const connect = createAccountConnector({
    config: { allowedEmails: [], allowPrivateHosts: ["localhost"] },
    discover: async () => Promise.reject(new Error("the discovery must not run")),
    limits: unlimitedLogins,
    failedGuesses: createFailedGuesses({ clock: systemClock, hash: (value) => value }),
    proveImap: async () => undefined,
    vetOpened: outbound.vetOpened,
    proveSmtp: (credentials, ending) => proveSmtp(credentials, { outbound, signal: ending }),
    loginMs: 500,
  });
  const { host, port, security } = smtp.server;
  const request: ConnectRequest = {
    provider: "generic",
    address: "ann@example.org",
    username: "",
    password: "secret word",
    imap: { host: "imap.example.org", port: "", security: "tls" },
    smtp: { host, port: String(port), security },
    level: "send",
    withoutSending: false,
  };
  const { signal } = new AbortController();
  const problem = await connect.connectAccount(request, { signal, peer: "192.0.2.1" }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(problem).toBeInstanceOf(ConnectError);
  expect(problem).toMatchObject({ code: "timed_out", side: "smtp" });
  await smtp.stop();
});
