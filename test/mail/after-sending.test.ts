/** The work after the submission server accepted an email: the copy in Sent, keywords, and the former draft. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionOwner } from "../../src/credentials.ts";
import { AppError } from "../../src/errors.ts";
import type { Connections } from "../../src/imap/connections.ts";
import { createAccess } from "../../src/mail/access.ts";
import { send } from "../../src/mail/sending/send.ts";
import type { Submissions } from "../../src/smtp/submissions.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { type HostileImap, type HostileScript, startHostileImap } from "../support/hostile-imap.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, startMailServer } from "../support/mail-server.ts";
import { localRenderer } from "../support/reader.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { idsOf } from "../support/small-mailbox.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually, pause } from "../support/waiting.ts";
import { type Writer, withWriter } from "../support/writer.ts";

test("a bug in the lookup of Sent does not end the process when the submission fails", async () => {
  const address = "ann@example.test";
  const server = { host: "localhost", port: 1, security: "tls" } as const;
  const owner: ConnectionOwner = {
    grantId: "grt_1",
    accountId: "acc_00000001",
    credentials: { address, username: address, password: "x", provider: "generic", imap: server },
  };
  const connections: Connections = {
    use: () => Promise.reject(new TypeError("undefined is not an object")),
    countIdle: () => 0,
    closeGrant() {},
    count: () => 0,
    close: async () => {},
  };
  const submissions: Submissions = {
    async submit() {
      await pause(1);
      throw new AppError("recipient_refused", "No.");
    },
    closeGrant() {},
    close: async () => {},
  };
  const { signal } = new AbortController();
  const access = createAccess({
    owner,
    connections,
    signal,
    clock: createTestClock(),
    renderer: localRenderer,
  });
  const composed = {
    ...{
      messageId: "<1@example.test>",
      recipients: ["ben@example.test"],
      content: "",
      notes: [],
      replacesOwnDraft: true,
    },
    ...{ raw: new Uint8Array(1), copy: new Uint8Array(1) },
    preview: { from: { address }, to: [], cc: [], bcc: [], subject: "", text: "", attachments: [] },
  };
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => unheard.push(reason);
  process.on("unhandledRejection", hear);
  try {
    const deps = { owner, submissions, signal, access, afterwards: () => access, filesSentMail: false };
    expect(await send(deps, composed, undefined).catch(({ code }) => code)).toBe("recipient_refused");
    await pause(10);
    expect(unheard).toEqual([]);
  } finally {
    process.off("unhandledRejection", hear);
  }
});

describeMail("A call that ends after the server accepted the email", () => {
  /** Sends, ends the call for this reason once the email is accepted, and returns the result. */
  async function sendAndEnd(code: AppError["code"], { slowImap = false } = {}) {
    const kit = await mailServer();
    const user = await kit.newUser();
    const smtp = await startScriptedSmtp({ slowMs: 40 });
    const proxy = await startFaultProxy(kit.imap.port);
    if (slowImap) proxy.set({ kind: "slow", afterBytes: 0, slowMs: 400, connections: 1 });
    const call = new AbortController();
    const imap = proxy.through(kit.imap);
    try {
      return await withWriter(
        { kit, user, smtp: smtp.server, imap, signal: call.signal },
        async ({ mail }) => {
          const composed = await mail.compose({
            basis: { kind: "new" },
            to: ["ben@example.test"],
            subject: "x",
            body: "x",
          });
          const sending = mail.send(composed);
          await eventually(() => smtp.taken.length === 1);
          call.abort(new AppError(code, "Enough."));
          const { accepted, copyIn, warnings } = await sending;
          return { accepted, copyIn, warnings, copies: (await kit.read(user, "Sent")).length };
        },
      );
    } finally {
      await proxy.stop();
      await smtp.stop();
    }
  }

  const done = { accepted: ["ben@example.test"], copyIn: "Sent", warnings: [], copies: 1 };

  test("because the caller disconnected still files the copy", async () => {
    expect(await sendAndEnd("cancelled")).toEqual(done);
  });

  test("before Sent was found looks it up once more", async () => {
    expect(await sendAndEnd("timed_out", { slowImap: true })).toEqual(done);
  });

  test("because the grant was revoked changes nothing in the mailbox any more, and says so", async () => {
    expect(await sendAndEnd("permission_missing")).toMatchObject({
      accepted: ["ben@example.test"],
      copyIn: undefined,
      warnings: [expect.stringContaining("could not be put into Sent")],
      copies: 0,
    });
  });
});

describeMail("A server that refuses every write to Sent and Drafts", () => {
  let kit: MailServerKit;
  beforeAll(async () => {
    const folder = temporaryFolder("acl");
    writeFileSync(join(folder, "acl"), "Sent owner lr\nDrafts owner lr\nArchive owner lr\n");
    chmodSync(folder, 0o755);
    kit = await startMailServer({
      settings: `mail_plugins = acl\nplugin {\n  acl = vfile:${folder}/acl\n}`,
    });
  });
  afterAll(() => kit.stop());

  test("M06: gives a warning for a sent email and a refusal for a draft, and nothing is done twice", async () => {
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann }, async (writer) => {
      const sent = await writer.call("send_email", { to: [ben.address], subject: "x", body: "x" });
      expect(sent.data.copy_in).toBeUndefined();
      expect(sent.data.warnings).toEqual([expect.stringContaining("could not be put into Sent")]);
      expect((await kit.read(ben)).length).toBe(1);
      const draft = { to: [ben.address], subject: "x", body: "x" };
      expect((await writer.refusal("draft_email", draft)).code).toBe("mailbox_read_only");
      expect((await kit.read(ann, "Sent")).length + (await kit.read(ann, "Drafts")).length).toBe(0);
    });
  });

  test("keeps the draft and leaves the answered email without keyword; the email is sent once", async () => {
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    // Delivered to the inbox, then moved by doveadm: clients may not write there.
    const place = async (mailbox: string, raw: string, flags: string[]) => {
      await kit.deliver(ann, raw, { flags });
      const move = ["-o", "mail_plugins=", "move", "-u", ann.address, mailbox, "mailbox", "INBOX", "all"];
      await kit.dovecot.doveadm(...move);
    };
    await place("Drafts", `From: ${ann.address}\nTo: ${ben.address}\nSubject: Draft\n\nx\n`, ["\\Draft"]);
    await place("Archive", `From: ${ben.address}\nTo: ${ann.address}\nSubject: Old\n\nx\n`, []);
    await withWriter({ kit, user: ann, filesSentMail: true }, async (writer) => {
      const draft = { draft_id: (await idsOf(writer, "drafts")).get("Draft") };
      const sent = await writer.call("send_email", draft);
      expect(sent.data.warnings).toEqual([expect.stringContaining("could not be removed from Drafts")]);
      expect((await writer.call("send_email", draft)).data.sent_before_at).toBeString();
      const reply_to = (await idsOf(writer, "archive")).get("Old");
      expect((await writer.call("send_email", { reply_to, body: "y" })).data.warnings).toEqual([]);
      expect((await kit.read(ben)).map(({ subject }) => subject)).toEqual(["Draft", "Re: Old"]);
    });
  });
});

describeMail("Work that fails after an email was sent", () => {
  test("a missing former draft is mentioned when it was to be replaced, not when it was sent", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann }, async ({ mail }) => {
      const composed = await mail.compose({
        basis: { kind: "new" },
        to: [ben.address],
        subject: "x",
        body: "x",
      });
      const { id = "" } = await mail.saveDraft(composed);
      await mail.deleteEmails([id], true);
      expect((await mail.saveDraft(composed, id)).notes).toEqual(["The former draft was gone already."]);
      expect((await mail.send(composed, id)).warnings).toEqual([]);
    });
  });

  test("an upload that cannot be deleted on a full disk is left to the sweep; the email counts as sent", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const smtp = await startScriptedSmtp();
    try {
      await withWriter({ kit, user, smtp: smtp.server }, async (writer) => {
        const { data } = await writer.call("request_upload");
        const secret = String(data.url).split("/").at(-1) ?? "";
        await writer.uploads.receive(secret, [
          { name: "a.txt", type: "text/plain", content: Buffer.from("a") },
        ]);
        smtp.become({
          refuseRecipient() {
            writer.writable(false);
            return undefined;
          },
        });
        const attachments = [{ upload: data.upload }];
        const sent = await writer.call("send_email", {
          to: ["ben@example.test"],
          subject: "x",
          body: "x",
          attachments,
        });
        expect(sent.data.accepted).toEqual(["ben@example.test"]);
        await writer.writable(true);
      });
    } finally {
      await smtp.stop();
    }
  });
});

describeMail("A server whose search ignores header fields", () => {
  const CAPABILITY = { say: "* CAPABILITY IMAP4rev1 UIDPLUS MOVE NAMESPACE\r\nTAG OK done\r\n" };
  const names = ["INBOX", "Drafts", "Sent"].map((name) => `* LIST () "/" ${name}\r\n`).join("");
  const rows = [1, 2, 3].map(
    (uid) =>
      `* ${uid} FETCH (UID ${uid} FLAGS () ENVELOPE (NIL "x" NIL NIL NIL NIL NIL NIL NIL "<${uid}@other>"))\r\n`,
  );
  const honest = {
    CAPABILITY,
    LIST: { say: `${names}TAG OK done\r\n` },
    FETCH: { say: `${rows.join("")}TAG OK done\r\n` },
  };
  const asked = { to: ["ben@example.test"], subject: "x", body: "x" };

  async function withServer(
    on: HostileScript["on"],
    work: (writer: Writer, imap: HostileImap) => Promise<void>,
  ) {
    const [imap, smtp] = [
      await startHostileImap({ exists: 3, on: { ...honest, ...on } }),
      await startScriptedSmtp(),
    ];
    const user = { address: "ann@example.test", password: "x" };
    try {
      await withWriter({ kit: await mailServer(), user, imap: imap.server, smtp: smtp.server }, (writer) =>
        work(writer, imap),
      );
    } finally {
      await Promise.all([imap.stop(), smtp.stop()]);
    }
  }

  test("keeps the sent copy, and no other email is marked as answered", async () => {
    const APPEND = { say: "TAG OK [APPENDUID 7 3] done\r\n" };
    await withServer({ APPEND }, async ({ mail }, imap) => {
      const composed = await mail.compose({ basis: { kind: "new" }, ...asked });
      const sent = await mail.send({ ...composed, answersMessageId: "<old@example.test>" });
      expect([sent.copyIn, sent.warnings]).toEqual(["Sent", []]);
      expect(imap.commands.filter((line) => / (STORE|EXPUNGE)/.test(line))).toEqual([]);
    });
  });

  test("and is over quota has not saved a draft (OVERQUOTA, RFC 5530 section 3)", async () => {
    await withServer({ APPEND: { say: "TAG NO [OVERQUOTA] full\r\n" } }, async (writer) => {
      expect(await writer.refusal("draft_email", asked)).toMatchObject({
        code: "mail_server_failed",
        message: "The mailbox is full.",
      });
    });
  });
});
