/** A password that was pasted with blanks around it. */
import { expect, test } from "bun:test";
import { createAccountConnector } from "../../src/accounts/account-connector.ts";
import { createFailedGuesses } from "../../src/accounts/failed-guesses.ts";
import { trimPassword } from "../../src/accounts/server-resolution.ts";
import { systemClock } from "../../src/clock.ts";
import { AppError } from "../../src/errors.ts";
import { unlimitedLogins } from "../../src/http/login-limits.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";

test.each([
  ["\tsecret word \n", "secret word"],
  ["\u00a0secret\u00a0", "secret"],
  ["\u200bsecret\ufeff", "secret"],
  ["secret", "secret"],
  [" \n", ""],
  ["", ""],
])("trimPassword makes %j to %j", (typed, password) => {
  expect(trimPassword(typed)).toBe(password);
});

test("A password with blanks around it is tried as it is, and without them when it is refused", async () => {
  const passwords: string[] = [];
  const connector = createAccountConnector({
    config: { allowedEmails: [], allowPrivateHosts: [] },
    vetOpened: createOutbound({ allowPrivateHosts: [], refusalMs: 0 }).vetOpened,
    discover: () => Promise.reject(new Error("the servers were entered")),
    limits: unlimitedLogins,
    failedGuesses: createFailedGuesses({ clock: systemClock, hash: (value) => value }),
    async proveImap(credentials) {
      const password = "password" in credentials ? credentials.password : "";
      passwords.push(password);
      if (password !== "secret word") throw new AppError("login_refused", "No.");
      return undefined;
    },
    proveSmtp: async () => {},
  });
  const credentials = await connector.connectAccount(
    {
      provider: "generic",
      address: "ann@example.org",
      username: "ann@example.org",
      password: "\tsecret word \n",
      imap: { host: "imap.example.org", port: "", security: "tls" },
      smtp: { host: "smtp.example.org", port: "", security: "tls" },
      level: "read",
      withoutSending: false,
    },
    { signal: new AbortController().signal, peer: "192.0.2.1" },
  );
  expect(credentials).toMatchObject({ password: "secret word" });
  expect(passwords).toEqual(["\tsecret word \n", "secret word"]);
});
