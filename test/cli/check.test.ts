/** `check ADDRESS` against the real mail server, and its output for addresses and servers that do not work. */
import { describe, expect, test } from "bun:test";
import { describeSource } from "../../src/cli/check.ts";
import type { MailServer } from "../../src/credentials.ts";
import { runCommand } from "../support/command.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { freePort } from "../support/ports.ts";

const env = { ALLOW_PRIVATE_HOSTS: "localhost,127.0.0.0/8" };
const toUrl = (protocol: "imap" | "smtp", { host, port, security }: MailServer) =>
  `${protocol}${security === "tls" ? "s" : ""}://${host}:${port}`;

describeMail("check with a mail server", () => {
  test("reaches both servers over TLS, tries no login without a password, and exits with 0", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const logins = kit.dovecot.log().length;
    const servers = ["--imap", toUrl("imap", kit.imap), "--smtp", toUrl("smtp", kit.smtp)];
    const { exitCode, printed } = await runCommand(["check", user.address, ...servers], env);
    expect(printed).toMatch(/^ok +IMAP localhost:\d+ \(TLS\): answers, the certificate verifies/m);
    expect(printed).toMatch(/^ok +SMTP localhost:\d+ \(TLS\): answers, the certificate verifies/m);
    expect(printed).toContain("no login was tried");
    expect(exitCode).toBe(0);
    expect(kit.dovecot.log().slice(logins)).not.toContain("Login");
  });

  test("uses STARTTLS, and logs in with the password on standard input", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const servers = ["--imap", toUrl("imap", kit.imapStarttls), "--smtp", toUrl("smtp", kit.smtpStarttls)];
    const good = await runCommand(["check", user.address, ...servers], env, `${user.password}\n`);
    expect(good.printed).toMatch(/^ok +login over IMAP and SMTP: works/m);
    expect(good.exitCode).toBe(0);

    const wrong = await runCommand(["check", user.address, ...servers], env, "not-the-password");
    expect(wrong.printed).toMatch(/^no +login over IMAP and SMTP: .*\(login_refused\)/m);
    expect(wrong.exitCode).toBe(1);
    expect(good.printed + wrong.printed).not.toContain(user.password);

    const [unknown, password] = ["ann@another.test", `${user.password}\n`];
    const asUser = await runCommand(["check", unknown, ...servers, "--user", user.address], env, password);
    expect(asUser.printed).toMatch(/^ok +login over IMAP and SMTP: works/m);
  });
});

describe("check without a mail server", () => {
  test.each([
    ["icloud", "preset", {}, "iCloud Mail, by its domain; servers from our table"],
    ["fastmail", "mx", {}, "Fastmail, by its MX records; servers from our table"],
    ["fastmail", "srv", {}, "Fastmail, by its SRV records; servers from our table"],
    ["fastmail", "autoconfig", {}, "Fastmail, by its autoconfig file; servers from our table"],
    ["generic", "srv", {}, "unknown company; servers from its SRV records"],
    ["generic", "autoconfig", {}, "unknown company; servers from its autoconfig file"],
    ["generic", "guess", {}, "unknown company; servers guessed from common names, because nothing was found"],
    ["icloud", "preset", { imap: "x", smtp: "y" }, "iCloud Mail, by its domain; servers as given"],
    ["generic", "srv", { imap: "x" }, "unknown company; IMAP as given, SMTP from its SRV records"],
    ["icloud", "preset", { smtp: "y" }, "iCloud Mail, by its domain; SMTP as given, IMAP from our table"],
  ] as const)(
    "prints the source of the servers: %s by %s, overrides %j",
    (provider, source, overrides, expected) => {
      expect(describeSource({ provider, source }, overrides)).toBe(expected);
    },
  );

  test("prints that the servers are the given ones", async () => {
    const nowhere = ["--imap", "imaps://127.0.0.1:1", "--smtp", "smtps://127.0.0.1:1"];
    const { printed } = await runCommand(["check", "anna@example.org", ...nowhere], env);
    expect(printed).toContain("anna@example.org: unknown company; servers as given");
  });

  test("reports a server that does not answer and a host that is not public, and exits with 1", async () => {
    const port = await freePort();
    const servers = ["--imap", `imaps://127.0.0.1:${port}`, "--smtp", "smtps://10.0.0.1:465"];
    const { exitCode, printed } = await runCommand(["check", "anna@example.org", ...servers], env);
    expect(printed).toMatch(/^no +IMAP .*\(host_unreachable\)/m);
    expect(printed).toMatch(/^no +SMTP .* add it to ALLOW_PRIVATE_HOSTS\. \(host_refused\)/m);
    expect(exitCode).toBe(1);
  });

  test("refuses an invalid address and an invalid server, and exits with 2", async () => {
    expect(await runCommand(["check", "anna"], env)).toEqual({
      exitCode: 2,
      printed: "",
      printedErrors: "This is not an email address. Write it as name@example.org.\n",
    });
    const { exitCode, printedErrors } = await runCommand(
      ["check", "anna@example.org", "--imap", "ftp://x"],
      env,
    );
    expect(exitCode).toBe(2);
    expect(printedErrors).toContain("imaps://HOST:PORT");
  });
});
