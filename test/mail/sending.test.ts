import { beforeAll, expect, test } from "bun:test";
import { SMTPServer } from "smtp-server";
import { AppError } from "../../src/errors.ts";
import { trustedAuthority } from "../support/authority.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { type ScriptedSmtp, type SmtpScript, startScriptedSmtp } from "../support/scripted-smtp.ts";
import { eventually } from "../support/waiting.ts";
import { type Writer, withWriter } from "../support/writer.ts";

const hello = (to: string | string[], subject = "Hello") => ({
  to: [to].flat(),
  subject,
  body: "How *are* you?",
});

/** Header fields that delivering servers prepend. */
const withoutTrace = (raw: string) =>
  raw.replace(/^((return-path|delivered-to|received):[^\n]*\r?\n([ \t][^\n]*\r?\n)*)+/i, "");

describeMail("A sent email", () => {
  test("arrives byte for byte as composed, with the requested envelope, and Sent holds one copy with Bcc", async () => {
    const kit = await mailServer();
    const [ann, ben, eve] = [await kit.newUser(), await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann, name: "Änn Lee" }, async ({ mail }) => {
      const content = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
      const composed = await mail.compose({
        basis: { kind: "new" },
        to: [ben.address],
        bcc: [eve.address],
        subject: "Grüße",
        body: ".\n..\nFrom here\n\n.leading dots\n",
        files: [{ name: "bytes.bin", type: "application/octet-stream", content }],
      });
      const sent = await mail.send(composed);
      expect(sent).toEqual({
        messageId: composed.messageId,
        accepted: [ben.address, eve.address],
        refused: [],
        copyIn: "Sent",
        warnings: [],
      });
      const submitted = kit.submission.submitted.find(({ raw }) => raw.includes(composed.messageId));
      expect(submitted).toEqual({
        username: ann.address,
        from: ann.address,
        recipients: [ben.address, eve.address],
        raw: Buffer.from(composed.raw).toString(),
      });
      for (const user of [ben, eve]) {
        const [arrived] = await kit.read(user);
        expect(withoutTrace(arrived?.raw ?? "")).toBe(Buffer.from(composed.raw).toString());
        expect(arrived?.raw).not.toContain(user === ben ? "Bcc" : "bcc:");
      }
      const copies = await kit.read(ann, "Sent");
      expect(copies.map(({ raw, flags }) => ({ raw, flags }))).toEqual([
        { raw: Buffer.from(composed.copy).toString(), flags: ["\\Seen"] },
      ]);
      expect(copies[0]?.raw).toContain(`Bcc: ${eve.address}`);
    });
  });

  test("M07: is delivered to the two accepted recipients, and the answer names the third with the reason", async () => {
    const kit = await mailServer();
    const [ann, ben, cleo] = [await kit.newUser(), await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann }, async (writer) => {
      const sent = await writer.call("send_email", hello([ben.address, "nobody@example.test", cleo.address]));
      expect(sent.data).toMatchObject({
        accepted: [ben.address, cleo.address],
        refused: [{ address: "nobody@example.test", problem: expect.stringContaining("no such mailbox") }],
      });
      expect(sent.text).toContain(
        "NOT sent to nobody@example.test: it was refused (there is no such mailbox, 550 5.1.1).",
      );
      expect([await kit.read(ben), await kit.read(cleo)].map((emails) => emails.length)).toEqual([1, 1]);
    });
  });

  test("uses one login for several emails, and a new one after the server closed the connection", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    const proxy = await startFaultProxy(kit.smtp.port);
    try {
      await withWriter({ kit, user: ann, smtp: proxy.through(kit.smtp) }, async (writer) => {
        for (const subject of ["one", "two"]) await writer.call("send_email", hello(ben.address, subject));
        expect(proxy.connections()).toBe(1);
        proxy.drop();
        await writer.call("send_email", hello(ben.address, "three"));
        expect(proxy.connections()).toBe(2);
        expect((await kit.read(ben)).map(({ subject }) => subject)).toEqual(["one", "two", "three"]);
      });
    } finally {
      await proxy.stop();
    }
  });
});

describeMail("The copy in Sent", () => {
  const copies = async (kit: MailServerKit, user: User, mailbox: string) =>
    (await kit.read(user, mailbox)).length;

  test("is filed once in the mailbox with SPECIAL-USE \\Sent (RFC 6154)", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann }, async (writer) => {
      expect((await writer.call("send_email", hello(ben.address))).data.copy_in).toBe("Sent");
      expect(await copies(kit, ann, "Sent")).toBe(1);
    });
  });

  test("is not filed by us where the provider files its own", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann, provider: "gmail", filesSentMail: true }, async (writer) => {
      await writer.call("send_email", hello(ben.address));
      expect(await copies(kit, ann, "Sent")).toBe(0);
    });
  });

  test.each([
    ["UIDPLUS", ""],
    ["no UIDPLUS", "imap_capability = IMAP4rev1 LITERAL+ ID NAMESPACE LIST-EXTENDED SPECIAL-USE"],
  ])(
    "an unknown server with %s that turns out to file by itself: its own, and none of ours",
    async (_, settings) => {
      const kit = await mailServer(settings === "" ? {} : { settings });
      const ann = await kit.newUser();
      const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
      const server = new SMTPServer({
        secure: true,
        cert,
        key,
        onAuth: (auth, _session, done) => done(null, { user: auth.username ?? "" }),
        onData(stream, _session, done) {
          const chunks: Buffer[] = [];
          stream.on("data", (chunk: Buffer) => chunks.push(chunk));
          stream.on("end", () =>
            kit.deliver(ann, Buffer.concat(chunks), { mailbox: "Sent" }).then(() => done(), done),
          );
        },
      });
      server.on("error", () => {});
      const inner = server.listen(0, "127.0.0.1");
      await new Promise<void>((resolve) => inner.once("listening", resolve));
      const address = inner.address();
      const port = typeof address === "object" && address ? address.port : 0;
      try {
        await withWriter(
          { kit, user: ann, smtp: { host: "localhost", port, security: "tls" } },
          async (writer) => {
            expect((await writer.call("send_email", hello("ben@example.test"))).data).toMatchObject({
              copy_in: "Sent",
              warnings: [],
            });
            expect(await copies(kit, ann, "Sent")).toBe(1);
          },
        );
      } finally {
        await new Promise<void>((resolve) => server.close(resolve));
      }
    },
  );

  test("M06: that cannot be filed becomes a warning; the email is sent, and sent once", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    const proxy = await startFaultProxy(kit.imap.port);
    try {
      await withWriter({ kit, user: ann, imap: proxy.through(kit.imap) }, async (writer) => {
        proxy.set({ kind: "cut", afterBytes: 0 });
        const sent = await writer.call("send_email", hello(ben.address));
        expect(sent.data.accepted).toEqual([ben.address]);
        expect(sent.data.copy_in).toBeUndefined();
        expect(sent.text).toContain("its copy could not be put into Sent");
        expect(sent.text).toContain("Do not send it again.");
        proxy.set(undefined);
        const again = await writer.call("send_email", hello(ben.address));
        expect(again.data.sent_before_at).toBeString();
        expect((await kit.read(ben)).length).toBe(1);
      });
    } finally {
      await proxy.stop();
    }
  });
});

describeMail("A server without SPECIAL-USE", () => {
  let kit: MailServerKit;
  beforeAll(async () => {
    const plain = ["Sent", "Drafts", "Trash"]
      .map((name) => `  mailbox ${name} {\n    auto = no\n    special_use =\n  }`)
      .join("\n");
    kit = await mailServer({ settings: `namespace inbox {\n${plain}\n}` });
  });

  test("gets one copy in the mailbox with a localized name", async () => {
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await kit.withImap(ann, async (imap) => {
      await imap.mailboxCreate("Gesendete Elemente");
    });
    await withWriter({ kit, user: ann }, async (writer) => {
      expect((await writer.call("send_email", hello(ben.address))).data.copy_in).toBe("Gesendete Elemente");
      expect((await kit.read(ann, "Gesendete Elemente")).length).toBe(1);
    });
  });

  test("gets Sent and Drafts created where it has none", async () => {
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann }, async (writer) => {
      const draft = await writer.call("draft_email", hello(ben.address));
      expect(draft.data.mailbox).toBe("Drafts");
      const sent = await writer.call("send_email", { draft_id: draft.data.draft_id });
      expect(sent.data.copy_in).toBe("Sent");
      expect((await kit.read(ann, "Sent")).length).toBe(1);
      expect((await kit.read(ann, "Drafts")).length).toBe(0);
    });
  });
});

describeMail("A submission that fails", () => {
  async function withSmtp(script: SmtpScript, work: (writer: Writer, smtp: ScriptedSmtp) => Promise<void>) {
    const kit = await mailServer();
    const smtp = await startScriptedSmtp(script);
    const user = await kit.newUser();
    const deadlines = { connectMs: 1_000, greetingMs: 1_000, silenceMs: 1_000, answerMs: 1_000 };
    try {
      await withWriter({ kit, user, smtp: smtp.server, deadlines }, (writer) => work(writer, smtp));
    } finally {
      await smtp.stop();
    }
  }

  /** An email that was certainly not sent may be sent again. */
  const notSent: [string, SmtpScript, string][] = [
    ["refuses the sender", { replies: { MAIL: "550 5.7.1 Not you" } }, "message_refused"],
    ["refuses every recipient", { refuseRecipient: () => "550 5.1.1 No" }, "recipient_refused"],
    ["puts every recipient off", { refuseRecipient: () => "450 4.2.0 Greylisted" }, "mail_server_busy"],
    ["refuses DATA", { replies: { DATA: "554 5.5.1 No" } }, "message_refused"],
    ["refuses the message", { replies: { message: "554 5.7.1 Spam" } }, "message_refused"],
    ["finds the message too large", { replies: { message: "552 5.3.4 Too big" } }, "too_large"],
    [
      "finds it too large, in the old way",
      { replies: { message: "552 Message size exceeds limit" } },
      "too_large",
    ],
    ["finds it too large at MAIL", { replies: { MAIL: "554 5.2.3 Too big" } }, "too_large"],
    [
      "forbids a file in it with 552",
      { replies: { message: "552-5.7.0 Spam\r\n552 5.7.0 x" } },
      "message_refused",
    ],
    ["puts it off at the end", { replies: { message: "451 4.7.1 Greylisted" } }, "mail_server_busy"],
    ["is busy", { replies: { MAIL: "421 4.3.2 Busy" } }, "mail_server_busy"],
    ["refuses the login", { replies: { AUTH: "535 5.7.8 No" } }, "login_refused"],
    ["hangs up before DATA", { cutAt: "DATA" }, "mail_server_failed"],
    ["hangs up at MAIL", { cutAt: "MAIL" }, "mail_server_failed"],
    ["says nothing at all", { stallAt: "greeting" }, ""],
    ["stops talking at DATA", { stallAt: "DATA" }, "timed_out"],
  ];

  test.each(notSent)(
    "and %s, nothing is sent, and sending again may succeed",
    async (_what, script, code) => {
      await withSmtp(script, async (writer, smtp) => {
        const refusal = await writer.refusal("send_email", hello("ben@example.test"));
        if (code !== "") expect(refusal.code).toBe(code);
        expect(refusal.code).not.toBe("maybe_sent");
        expect(smtp.taken.length).toBe(0);
        expect(`${refusal.message} ${refusal.hint}`).not.toMatch(/Spam|Greylisted|Not you/);
        smtp.become({});
        await writer.call("send_email", hello("ben@example.test"));
        expect(smtp.taken.length).toBe(1);
      });
    },
  );

  const maybeSent: [string, SmtpScript, number][] = [
    ["hangs up after the final dot, having taken it", { cutAfterDot: "taken" }, 1],
    ["hangs up after the final dot, having lost it", { cutAfterDot: "lost" }, 0],
    ["hangs up before the final dot", { cutBeforeDotAfter: 100 }, 0],
    ["never answers the message", { stallAt: "message" }, 1],
    ["answers the message with nonsense", { replies: { message: "354 Go on" } }, 0],
  ];

  test.each(maybeSent)(
    "and %s, it may have been sent and is not sent again, also after a restart",
    async (_what, script, taken) => {
      await withSmtp(script, async (writer, smtp) => {
        const first = await writer.refusal("send_email", hello("ben@example.test"));
        expect(first).toMatchObject({ code: "maybe_sent", hint: expect.stringContaining("look") });
        smtp.become({});
        expect((await writer.refusal("send_email", hello("ben@example.test"))).code).toBe("maybe_sent");
        const later = await writer.restart();
        try {
          expect((await later.refusal("send_email", hello("ben@example.test"))).code).toBe("maybe_sent");
          expect(smtp.taken.length).toBe(taken);
          // After ten minutes a repeated call counts as a new email: the person may have found out by then.
          later.clock.advance(600_001);
          await later.call("send_email", hello("ben@example.test"));
          expect(smtp.taken.length).toBe(taken + 1);
        } finally {
          await later.close();
        }
      });
    },
  );

  test("goes on when the caller disconnects after DATA, and a repeated call gets its result", async () => {
    await withSmtp({ slowMs: 150 }, async (writer, smtp) => {
      const composed = await writer.mail.compose({ basis: { kind: "new" }, ...hello("ben@example.test") });
      const gone = new AbortController();
      const sending = writer.submissions.submit(
        writer.owner,
        { from: "ann@example.test", recipients: composed.recipients, raw: composed.raw },
        gone.signal,
      );
      await eventually(() => smtp.commands.includes("DATA"));
      await eventually(() => smtp.taken.length === 1);
      gone.abort(new Error("gone"));
      expect(await sending).toEqual({ accepted: ["ben@example.test"], refused: [] });
    });
  });

  test("sends nothing when the caller disconnects before DATA", async () => {
    await withSmtp({ stallAt: "RCPT" }, async (writer, smtp) => {
      const gone = new AbortController();
      const sending = writer.submissions
        .submit(
          writer.owner,
          { from: "ann@example.test", recipients: ["b@example.test"], raw: Buffer.from("x") },
          gone.signal,
        )
        .catch((error) => error);
      await eventually(() => smtp.commands.some((line) => line.startsWith("RCPT")));
      gone.abort(new AppError("cancelled", "The call was cancelled."));
      expect(await sending).toMatchObject({ code: "cancelled" });
      expect(smtp.taken.length).toBe(0);
    });
  });

  test("that is cut within a large email was certainly not sent", async () => {
    await withSmtp({ cutBeforeDotAfter: 100 }, async (writer, smtp) => {
      const content = new Uint8Array(12_000_000).fill(65);
      const composed = await writer.mail.compose({
        basis: { kind: "new" },
        ...hello("ben@example.test"),
        files: [{ name: "a", type: "text/plain", content }],
      });
      const problem = await writer.mail.send(composed).catch((error) => error);
      expect(problem.code).toBe("mail_server_failed");
      expect(smtp.taken.length).toBe(0);
    });
  });

  test("that is slow is waited for", async () => {
    await withSmtp({ slowMs: 60 }, async (writer, smtp) => {
      await writer.call("send_email", hello("ben@example.test"));
      expect(smtp.taken.length).toBe(1);
    });
  });
});
