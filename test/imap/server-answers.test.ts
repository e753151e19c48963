/** Servers whose answers Dovecot would not give: to SELECT, LIST, CREATE and the login, and when they limit reading. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { openImap } from "../../src/imap/connect.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { startHostileImap } from "../support/hostile-imap.ts";
import { type ImapProxy, type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { inSequence, refusing, withCapabilities } from "../support/imap-rewrites.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { refusal } from "../support/refusal.ts";
import { openWriter, type Writer } from "../support/writer.ts";

const plain = "IMAP4rev1 SASL-IR ID NAMESPACE UIDPLUS AUTH=PLAIN";

describeMail("On a server", () => {
  let kit: MailServerKit;
  const running: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    kit = await mailServer();
  });

  afterAll(async () => {
    for (const one of running) await one.close();
  });

  async function openThrough(
    user: User,
    rewrite: ImapRewrite,
  ): Promise<{ writer: Writer; proxy: ImapProxy }> {
    const proxy = await startImapProxy(kit, rewrite);
    const writer = await openWriter({ kit, user, imap: proxy.imap });
    running.push({ close: () => writer.close().then(() => proxy.stop()) });
    return { writer, proxy };
  }

  test.each([
    ["with UIDPLUS", (answer: string) => answer],
    ["without UIDPLUS", withCapabilities("IMAP4rev1 SASL-IR ID NAMESPACE AUTH=PLAIN")],
  ])(
    "that sends no UIDNEXT for SELECT (RFC 3501 section 6.3.1), %s, the copy in Sent is found",
    async (_, caps) => {
      const user = await kit.newUser();
      const ben = await kit.newUser();
      const withoutUidNext = (answer: string) => (/^\* OK \[UIDNEXT /.test(answer) ? "" : answer);
      const { writer, proxy } = await openThrough(user, { answer: inSequence(withoutUidNext, caps) });
      const { text, data } = await writer.call("send_email", {
        to: [ben.address],
        subject: "One",
        body: "x",
      });
      expect([text.includes("could not be put into Sent"), data.copy_in]).toEqual([false, "Sent"]);
      await writer.call("draft_email", { to: [ben.address], subject: "Two", body: "x" });
      expect((await kit.read(user, "Sent")).map(({ subject }) => subject)).toEqual(["One"]);
      const first = proxy.commands.length;
      await writer.call("send_email", { to: [ben.address], subject: "Three", body: "x" });
      expect(proxy.commands.slice(first).filter((line) => /^(EXAMINE|STATUS|LIST)/.test(line))).toEqual([]);
      expect((await kit.read(user, "Sent")).map(({ subject }) => subject)).toEqual(["One", "Three"]);
    },
  );

  test("that sends no UIDVALIDITY (RFC 3501 section 6.3.1), a list says so, and is no internal error", async () => {
    const user = await kit.newUser();
    await kit.deliver(user, "Subject: x\n\nwords\n");
    const { writer } = await openThrough(user, {
      answer: (answer) => (answer.startsWith("* OK [UIDVALIDITY") ? "" : answer),
    });
    await expect(writer.call("get_recent_emails", {})).rejects.toMatchObject({ code: "mail_server_failed" });
  });

  test("that says \\Noselect in LSUB of a mailbox that can be selected, it is listed and searched, by LIST alone", async () => {
    const user = await kit.newUser();
    await kit.withImap(user, async (imap) => {
      await imap.mailboxCreate("Projekte");
      await imap.mailboxCreate("Projekte/Alt");
    });
    await kit.deliver(user, "Subject: needle\n\nneedle4711\n", { mailbox: "Projekte" });
    const { writer, proxy } = await openThrough(user, {
      answer: inSequence(withCapabilities(plain), (answer) =>
        /^\* LSUB .*Projekte/.test(answer) ? `* LSUB (\\Noselect) "/" Projekte\r\n${answer}` : answer,
      ),
    });
    expect((await writer.call("list_mailboxes")).text).toMatch(/^Projekte: 1/m);
    expect((await writer.call("search_emails", { query: "needle4711" })).data.total).toBe(1);
    expect(proxy.commands.filter((line) => line.startsWith("LSUB"))).toEqual([]);
  });

  test("that names a mailbox R&D without modified UTF-7 (RFC 3501 section 5.1.3), it is shown, read and moved to", async () => {
    const user = await kit.newUser();
    await kit.withImap(user, (imap) => imap.mailboxCreate("R&D"));
    await kit.deliver(user, "Subject: lab\n\nx\n", { mailbox: "R&D" });
    await kit.deliver(user, "Subject: more\n\nx\n");
    // The server behind the proxy calls it R&-D; this one knows that name as little as a mailbox R&-D.
    const { writer } = await openThrough(user, {
      answer: inSequence(withCapabilities(plain), (answer) =>
        /^\* (LIST|STATUS) /.test(answer) ? answer.replace(/R&-D/g, "R&D") : answer,
      ),
      command: (command) =>
        command.includes("R&-D")
          ? { say: "TAG NO Mailbox does not exist\r\n" }
          : command.replace(/"?R&D"?/g, '"R&-D"'),
    });
    expect((await writer.call("list_mailboxes")).text).toMatch(/^R&D: 1/m);
    const { data } = await writer.call("get_recent_emails", { mailbox: "R&D" });
    expect(data.emails).toMatchObject([{ subject: "lab", mailbox: "R&D" }]);
    const inbox = (await writer.call("get_recent_emails")).data.emails as { id: string }[];
    await writer.call("move_email", { ids: inbox.map(({ id }) => id), mailbox: "R&D" });
    expect((await kit.read(user, "R&D")).map(({ subject }) => subject)).toEqual(["lab", "more"]);
  });

  test("with the hierarchy delimiter NIL (RFC 3501 section 7.2.2), a mailbox within a mailbox is refused", async () => {
    const user = await kit.newUser();
    const { writer } = await openThrough(user, {
      answer: inSequence(withCapabilities(plain), (answer) =>
        /^\* (LIST|NAMESPACE) /.test(answer) ? answer.replace(/"\/"/g, "NIL") : answer,
      ),
    });
    expect(await writer.refusal("create_mailbox", { path: "Deep/Below" })).toMatchObject({
      code: "not_supported",
      message: "This mail server has no mailboxes within mailboxes.",
    });
    expect((await writer.call("create_mailbox", { path: "Flat" })).text).toContain("Flat");
  });

  test("that refuses to select INBOX, the answer does not say that there is none", async () => {
    const { writer } = await openThrough(await kit.newUser(), {
      command: refusing(/ SELECT /, "TAG NO SELECT Unsafe Login. Please contact kefu@example.test for help"),
    });
    const { code, message, hint } = await writer.refusal("get_recent_emails");
    expect([code, message]).toEqual(["mail_server_failed", "The mail server does not open the inbox."]);
    expect(hint).toContain("allow this program");
  });

  test("that refuses to select a mailbox that it lists, the answer does not say that there is none", async () => {
    const user = await kit.newUser();
    const { writer } = await openThrough(user, {
      command: refusing(/ SELECT /, "TAG NO SELECT Unsafe Login. Please contact kefu@example.test for help"),
    });
    for (const mailbox of ["junk", "Archive"]) {
      const { code, message } = await writer.refusal("get_recent_emails", { mailbox });
      expect(code).toBe("mail_server_failed");
      expect(message).toContain("The mail server does not open");
    }
    expect((await writer.refusal("get_recent_emails", { mailbox: "Nowhere" })).code).toBe(
      "mailbox_not_found",
    );
  });

  test.each([
    "NO Request is throttled, try again later",
    "BAD Requests are being throttled",
    "NO Too many commands",
  ])("that answers %s, it is told as busy", async (answer) => {
    const { writer } = await openThrough(await kit.newUser(), {
      command: refusing(/ SELECT /, `TAG ${answer}`),
    });
    expect(await writer.refusal("get_recent_emails")).toMatchObject({ code: "mail_server_busy" });
  });

  test("whose bandwidth limit is reached (OVERQUOTA for FETCH), no full mailbox is reported", async () => {
    const user = await kit.newUser();
    await kit.deliver(user, "Subject: x\n\nx\n");
    const { writer } = await openThrough(user, {
      command: refusing(
        / FETCH /,
        "TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)",
      ),
    });
    const { code, message, hint } = await writer.refusal("get_recent_emails");
    expect([code, hint]).toEqual(["mail_server_busy", "Try again in some hours."]);
    expect(message).toContain("limits how much is read in a day");
  });

  test.each([["FETCH"], ["SORT"]])(
    "that throttles %s and names the time, the time is answered at once",
    async (verb) => {
      const user = await kit.newUser();
      await kit.deliver(user, "Subject: x\n\nx\n");
      const { writer, proxy } = await openThrough(user, {
        command: refusing(
          new RegExp(` ${verb} `),
          "TAG BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds",
        ),
      });
      const call = verb === "SORT" ? ["search_emails", { query: "in:inbox x" }] : ["get_recent_emails", {}];
      const { code, hint } = await writer.refusal(...(call as [string, Record<string, unknown>]));
      expect([code, hint]).toEqual(["mail_server_busy", "Try again in 93 seconds."]);
      expect(proxy.commands.filter((line) => line.includes(`${verb} `))).toHaveLength(1);
    },
  );

  async function loginThrough(rewrite: ImapRewrite): Promise<Record<string, unknown>> {
    const { address, password } = await kit.newUser();
    const proxy = await startImapProxy(kit, rewrite);
    const outbound = createOutbound({ allowPrivateHosts: ["localhost"] });
    const credentials = { address, username: address, password, provider: "generic", imap: proxy.imap };
    const failure: Record<string, unknown> = await openImap(credentials, {
      outbound,
      signal: AbortSignal.timeout(20_000),
    }).then(
      () => ({}),
      ({ code, message, hint }) => ({ code, message, hint }),
    );
    await proxy.stop();
    return { ...failure, sent: proxy.commands.some((line) => /^(LOGIN|AUTHENTICATE)/.test(line)) };
  }

  test.each([
    ["LOGINDISABLED without another mechanism", "IMAP4rev1 LOGINDISABLED"],
    ["CRAM-MD5 alone", "IMAP4rev1 AUTH=CRAM-MD5 LOGINDISABLED"],
  ])("that offers %s, no wrong password is reported, and none was sent", async (_, capabilities) => {
    expect(await loginThrough({ answer: withCapabilities(capabilities) })).toMatchObject({
      code: "login_unsupported",
      message: "The mail server offers no way to sign in that this program knows.",
      sent: false,
    });
  });

  test.each([
    "NO [ALERT] Your account is not enabled for IMAP use. Please visit your settings page. (Failure)",
    "NO IMAP4 service is not enabled for this mailbox",
    "NO [AUTHENTICATIONFAILED] IMAP access not allowed",
    "NO IMAP disabled by the administrator",
  ])("where IMAP is turned off for the mailbox, the answer says so: %s", async (answer) => {
    expect(
      await loginThrough({ command: refusing(/ (LOGIN|AUTHENTICATE) /, `TAG ${answer}`) }),
    ).toMatchObject({
      code: "mail_server_failed",
      message: "IMAP is turned off for this mailbox.",
      hint: expect.stringContaining("Turn IMAP on"),
    });
  });

  test.each([
    ["BAD User is authenticated but not connected.", / (LOGIN|AUTHENTICATE) /],
    ["BAD User is authenticated but not connected.", / NAMESPACE$/],
    ["NO Too many login failures", / (LOGIN|AUTHENTICATE) /],
    ["NO [AUTHENTICATIONFAILED] Account is temporarily locked", / (LOGIN|AUTHENTICATE) /],
  ])("that answers %s to %s, no wrong password is reported", async (answer, command) => {
    expect(await loginThrough({ command: refusing(command, `TAG ${answer}`) })).toMatchObject({
      code: "mail_server_busy",
    });
  });

  test.each(["NO", "BAD"])("that refuses STARTTLS with %s, no certificate is blamed", async (status) => {
    const hostile = await startHostileImap({
      security: "starttls",
      on: { STARTTLS: { say: `TAG ${status} not now\r\n` } },
    });
    const credentials = {
      address: "a@b.test",
      username: "a",
      password: "p",
      provider: "generic",
      imap: hostile.server,
    };
    const outbound = createOutbound({ allowPrivateHosts: ["localhost"] });
    const failure = await refusal(openImap(credentials, { outbound, signal: AbortSignal.timeout(20_000) }));
    expect(failure).toMatchObject({ code: "starttls_missing" });
    expect(hostile.commands.some((line) => /LOGIN|AUTHENTICATE/.test(line))).toBe(false);
    await hostile.stop();
  });
});
