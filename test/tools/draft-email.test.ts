import { expect, test } from "bun:test";
import PostalMime from "postal-mime";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { type Writer, withWriter } from "../support/writer.ts";

type Row = { id: string; subject: string; answered: boolean };

const newestIn = async (writer: Writer, mailbox = "inbox", account?: string): Promise<Row> => {
  const { data } = await writer.call("get_recent_emails", { mailbox, account });
  const [row] = data.emails as Row[];
  if (!row) throw new Error(`${mailbox} is empty`);
  return row;
};

const withPeople = async (work: (kit: MailServerKit, ann: User, ben: User) => Promise<void>) => {
  const kit = await mailServer();
  await work(kit, await kit.newUser(), await kit.newUser());
};

const headersOf = (raw: string) => (raw.split("\r\n\r\n")[0] ?? "").replace(/\r\n[ \t]+/g, " ").split("\r\n");

describeMail("A draft", () => {
  test("is saved in Drafts with \\Draft, is replaced by the next version, and is removed once it is sent", async () => {
    await withPeople(async (kit, ann, ben) => {
      await withWriter({ kit, user: ann }, async (writer) => {
        const first = await writer.call("draft_email", { to: [ben.address], subject: "Plan", body: "one" });
        expect((await kit.read(ann, "Drafts")).map(({ flags }) => flags)).toEqual([["\\Draft", "\\Seen"]]);
        const second = await writer.call("draft_email", { draft_id: first.data.draft_id, body: "two" });
        expect(second.data.preview).toMatchObject({ subject: "Plan", to: [{ address: ben.address }] });
        const drafts = await kit.read(ann, "Drafts");
        expect(drafts.map(({ subject }) => subject)).toEqual(["Plan"]);
        expect(drafts[0]?.raw).toContain("two");
        await writer.call("send_email", { draft_id: second.data.draft_id });
        expect((await kit.read(ann, "Drafts")).length).toBe(0);
        expect((await kit.read(ben))[0]?.raw).toContain("two");
        const former = { draft_id: first.data.draft_id, body: "x" };
        expect(await writer.refusal("draft_email", former)).toMatchObject({
          code: "email_not_found",
          message: expect.stringContaining("it was replaced, sent or deleted"),
        });
      });
    });
  });

  test("is refused when draft_id names an email that is no draft, and that email is not touched", async () => {
    await withPeople(async (kit, ann) => {
      await kit.deliver(ann, `From: ben@example.test\nTo: ${ann.address}\nSubject: Keep me\n\nx\n`);
      await withWriter({ kit, user: ann }, async (writer) => {
        const { id } = await newestIn(writer);
        for (const [tool, input] of [
          ["draft_email", { body: "x" }],
          ["send_email", {}],
          ["send_email", { to: ["ben@example.test"], body: "x" }],
        ] as const)
          expect((await writer.refusal(tool, { draft_id: id, ...input })).code).toBe("invalid_input");
        expect((await kit.read(ann)).map(({ subject }) => subject)).toEqual(["Keep me"]);
      });
    });
  });

  test("may have no recipients, but cannot be sent without", async () => {
    await withPeople(async (kit, ann) => {
      await withWriter({ kit, user: ann }, async (writer) => {
        const draft = await writer.call("draft_email", { subject: "Idea", body: "later" });
        expect(draft.text).toContain("It has no recipient yet.");
        expect((await writer.refusal("send_email", { draft_id: draft.data.draft_id })).code).toBe(
          "invalid_input",
        );
        expect((await kit.read(ann, "Drafts")).length).toBe(1);
      });
    });
  });

  test("keeps thread headers, recipients, quote and attachments when only its text is replaced", async () => {
    await withPeople(async (kit, ann, ben) => {
      await kit.deliver(
        ann,
        `From: Ben <${ben.address}>\nTo: ${ann.address}\nSubject: Plan\nMessage-ID: <m1@x.test>\nReferences: <m0@x.test>\n\nWhat do you think?\n`,
      );
      await withWriter({ kit, user: ann }, async (writer) => {
        const { id } = await newestIn(writer);
        const file = {
          name: "a.txt",
          type: "text/plain",
          base64: Buffer.from("attached").toString("base64"),
        };
        const first = await writer.call("draft_email", { reply_to: id, body: "Fine.", attachments: [file] });
        const second = await writer.call("draft_email", {
          draft_id: first.data.draft_id,
          body: "Very **fine**.",
        });
        expect(second.data.notes).toEqual([]);
        await writer.call("send_email", { draft_id: second.data.draft_id });
        const [arrived] = await kit.read(ben);
        const parsed = await PostalMime.parse(arrived?.raw ?? "");
        expect(parsed.text?.replace(/\r\n/g, "\n")).toMatch(
          /^Very fine\.\n\n.*wrote:\n> What do you think\?\n+$/,
        );
        expect(parsed.html).toContain("<strong>fine</strong>");
        expect(parsed.html).toContain("<blockquote");
        expect(parsed).toMatchObject({ subject: "Re: Plan", inReplyTo: "<m1@x.test>" });
        expect(parsed.references).toBe("<m0@x.test> <m1@x.test>");
        expect(Buffer.from(parsed.attachments[0]?.content as ArrayBuffer).toString()).toBe("attached");
        expect(arrived?.raw).not.toContain("X-Email-Connector");
        // The answered email is marked as answered.
        expect((await newestIn(writer)).answered).toBe(true);
      });
    });
  });

  test("keeps its text when only its subject is replaced, and its quote when the text is replaced after that", async () => {
    await withPeople(async (kit, ann, ben) => {
      await kit.deliver(
        ann,
        `From: ${ben.address}\nTo: ${ann.address}\nSubject: Plan\nMessage-ID: <p@x>\n\nWhat do you think?\n`,
      );
      await withWriter({ kit, user: ann }, async (writer) => {
        const { id } = await newestIn(writer);
        const textOf = (answer: { data: Record<string, unknown> }) =>
          (answer.data.preview as { text: string }).text.replace(/^<[^>]*>\n|\n<[^>]*>$/g, "");
        const first = await writer.call("draft_email", { reply_to: id, body: "Fine." });
        const second = await writer.call("draft_email", { draft_id: first.data.draft_id, subject: "Plan B" });
        expect(textOf(second)).toBe(textOf(first));
        const third = await writer.call("draft_email", { draft_id: second.data.draft_id, body: "Not fine." });
        expect(textOf(third)).toBe(textOf(first).replace("Fine.", "Not fine."));
        expect(textOf(third)).toContain("> What do you think?");
        expect(third.data.notes).toEqual([]);
      });
    });
  });

  test("is refused when it is both a reply and a forward", async () => {
    await withPeople(async (kit, ann, ben) => {
      await kit.deliver(
        ann,
        `From: ${ben.address}\nSubject: Plan\nMessage-ID: <p@x>\n\nWhat do you think?\n`,
      );
      await withWriter({ kit, user: ann }, async (writer) => {
        const { id } = await newestIn(writer);
        expect(await writer.refusal("draft_email", { reply_to: id, forward: id, body: "x" })).toMatchObject({
          code: "invalid_input",
          message: "Give `reply_to` or `forward`, not both.",
        });
      });
    });
  });

  test("is reported as saved exactly when it is, even when the server's answer is lost with the connection", async () => {
    const kit = await mailServer();
    const proxy = await startFaultProxy(kit.imap.port);
    const imap = proxy.through(kit.imap);
    const save = async (before: () => void) => {
      const user = await kit.newUser();
      return withWriter({ kit, user, imap }, async ({ call }) => {
        await call("list_mailboxes");
        before();
        const saved = await call("draft_email", { subject: "Once", body: "x" }).then(
          ({ data }) => typeof data.draft_id === "string",
          () => false,
        );
        return { saved, there: (await kit.read(user, "Drafts")).length };
      });
    };
    try {
      let start = 0;
      const sound = await save(() => {
        start = proxy.passed();
      });
      expect(sound).toEqual({ saved: true, there: 1 });
      const end = proxy.passed();
      // The number of TLS bytes varies, so several cuts are spread over the answer; some of them fall into it.
      let found = 0;
      for (let step = 1; step <= 6; step += 1) {
        proxy.set({
          kind: "cut",
          afterBytes: start + Math.floor(((end - start) * step) / 7),
          connections: 1,
        });
        const before = proxy.connections();
        const { saved, there } = await save(() => {});
        expect(there).toBe(saved ? 1 : 0);
        if (saved && proxy.connections() > before + 1) found += 1;
        proxy.set(undefined);
      }
      expect(found).toBeGreaterThan(0);
    } finally {
      await proxy.stop();
    }
  });

  test("written in another mail program is sent unchanged from the account, without its Bcc header", async () => {
    await withPeople(async (kit, ann, ben) => {
      const eve = await kit.newUser();
      await kit.deliver(
        ann,
        `From: Somebody Else <else@example.test>\nTo: ${ben.address}\nBcc: ${eve.address}\nSubject: By hand\nX-Mailer: Hand 1.0\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nbody line\n.\nlast\n`,
        { mailbox: "Drafts", flags: ["\\Draft"] },
      );
      await withWriter({ kit, user: ann }, async (writer) => {
        const { id } = await newestIn(writer, "drafts");
        const sent = await writer.call("send_email", { draft_id: id });
        expect(sent.data.accepted).toEqual([ben.address, eve.address]);
        for (const user of [ben, eve]) {
          const [arrived] = await kit.read(user);
          expect(arrived?.raw).toEndWith("\r\n\r\nbody line\r\n.\r\nlast\r\n");
          expect(headersOf(arrived?.raw ?? "")).toContain(`From: ${ann.address}`);
          expect(arrived?.raw).not.toContain("X-Mailer");
          expect(arrived?.raw).not.toMatch(/^bcc:/im);
        }
      });
    });
  });
});

describeMail("A thread", () => {
  test("RFC 5256: four emails between two people are one thread by References in another mail server", async () => {
    await withPeople(async (kit, ann, ben) => {
      await withWriter({ kit, user: ann, name: "Ann" }, async (anns) => {
        await withWriter({ kit, user: ben, name: "Ben" }, async (bens) => {
          await anns.call("send_email", { to: [ben.address], subject: "Plan", body: "one" });
          await bens.call("send_email", { reply_to: (await newestIn(bens)).id, body: "two" });
          await anns.call("send_email", { reply_to: (await newestIn(anns)).id, body: "three" });
          const draft = await bens.call("draft_email", { reply_to: (await newestIn(bens)).id, body: "four" });
          await bens.call("send_email", { draft_id: draft.data.draft_id });
        });
      });
      const emails = [...(await kit.read(ann)), ...(await kit.read(ben))];
      const ids = new Map<string, string>();
      for (const { raw, messageId } of emails)
        ids.set(/^(one|two|three|four)/m.exec(raw)?.[0] ?? "", messageId);
      const [one, two, three, four] = ["one", "two", "three", "four"].map((word) => ids.get(word));
      const last = emails.find(({ messageId }) => messageId === four);
      const headers = headersOf(last?.raw ?? "");
      expect(headers).toContain(`In-Reply-To: ${three}`);
      expect(headers).toContain(`References: ${one} ${two} ${three}`);
      expect(headers).toContain("Subject: Re: Plan");
      const reader = await kit.newUser();
      await kit.deliverAll(reader, [...emails].reverse());
      const query = ["mailbox", "INBOX", "inthread", "refs", "header", "message-id", one ?? ""];
      const uids = await kit.dovecot.doveadm("search", "-u", reader.address, ...query);
      expect(uids.trim().split("\n").length).toBe(4);
    });
  });
});

describeMail("Attachments", () => {
  const picture = Buffer.from(Array.from({ length: 90_000 }, (_, index) => (index * 7) % 256));
  const withFile = (to: string) =>
    `From: cleo@example.test\nTo: ${to}\nSubject: Picture\nMessage-ID: <p@x.test>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsee\n--b\nContent-Type: image/png; name="=?utf-8?Q?Bj=C3=B6rn.png?="\nContent-Disposition: attachment; filename="=?utf-8?Q?Bj=C3=B6rn.png?="\nContent-Transfer-Encoding: base64\n\n${picture.toString("base64").replace(/.{76}/g, "$&\n")}\n--b--\n`;
  const filesOf = async (raw: string | undefined) =>
    (await PostalMime.parse(raw ?? "")).attachments.map(({ filename, mimeType, content }) => ({
      filename,
      mimeType,
      content: Buffer.from(content as ArrayBuffer),
    }));

  test("of another email can be attached by reference, and a forward includes them, byte for byte", async () => {
    await withPeople(async (kit, ann, ben) => {
      await kit.deliver(ann, withFile(ann.address));
      await withWriter({ kit, user: ann }, async (writer) => {
        const { id } = await newestIn(writer);
        await writer.call("send_email", {
          to: [ben.address],
          subject: "by reference",
          body: "x",
          attachments: [{ email: id, index: 1 }],
        });
        await writer.call("send_email", { to: [ben.address], forward: id });
        const arrived = await kit.read(ben);
        const expected = [{ filename: "Björn.png", mimeType: "image/png", content: picture }];
        expect(await filesOf(arrived[0]?.raw)).toEqual(expected);
        expect(await filesOf(arrived[1]?.raw)).toEqual(expected);
        expect((await kit.read(ann))[0]?.flags).toContain("$Forwarded");
        const none = await writer.refusal("draft_email", {
          body: "x",
          attachments: [{ email: id, index: 9 }],
        });
        expect(none.code).toBe("attachment_not_found");
      });
    });
  });

  test("M04: from the model must be base64 below 30 KB", async () => {
    await withPeople(async (kit, ann) => {
      await withWriter({ kit, user: ann }, async (writer) => {
        const attempt = (attachment: Record<string, unknown>) =>
          writer.refusal("draft_email", { subject: "x", body: "x", attachments: [attachment] });
        const big = { name: "a.bin", base64: Buffer.alloc(31_000).toString("base64") };
        expect(await attempt(big)).toMatchObject({
          code: "too_large",
          hint: expect.stringContaining("request_upload"),
        });
        for (const attachment of [
          { path: "/etc/passwd", name: "a" },
          { href: "http://127.0.0.1/", name: "a" },
          { name: "a", base64: "data:text/plain;base64,aGk=" },
          { name: "a", base64: "not base64!" },
          { name: "a" },
          { base64: "aGk=" },
          {},
        ])
          expect((await attempt(attachment)).code).toBe("invalid_input");
        expect((await kit.read(ann, "Drafts")).length).toBe(0);
      });
    });
  });

  test("that a person uploaded are sent unchanged, once, and are deleted when used", async () => {
    await withPeople(async (kit, ann, ben) => {
      await withWriter({ kit, user: ann }, async (writer) => {
        const { data } = await writer.call("request_upload");
        const attachments = [{ upload: data.upload }];
        const early = await writer.refusal("draft_email", { body: "x", attachments });
        expect(early.code).toBe("attachment_not_found");
        const secret = String(data.url).split("/").at(-1) ?? "";
        const content = Buffer.alloc(3_000_000, "0123456789");
        await writer.uploads.receive(secret, [
          { name: "Größe.bin", type: "application/x-thing", content },
          { name: "b.txt", type: "text/plain", content: Buffer.from("b") },
        ]);
        await writer.call("send_email", { to: [ben.address], subject: "x", body: "x", attachments });
        const [arrived] = await kit.read(ben);
        expect(await filesOf(arrived?.raw)).toEqual([
          { filename: "Größe.bin", mimeType: "application/x-thing", content },
          { filename: "b.txt", mimeType: "text/plain", content: Buffer.from("b") },
        ]);
        const late = await writer.refusal("draft_email", { body: "x", attachments });
        expect(late.code).toBe("attachment_not_found");
      });
    });
  });
});

describeMail("With two accounts", () => {
  test("a reply is sent from the account that received the email, unless `account` names the other", async () => {
    const kit = await mailServer();
    const [ann, annAtWork, ben] = [await kit.newUser(), await kit.newUser(), await kit.newUser()];
    await kit.deliver(
      annAtWork,
      `From: ${ben.address}\nTo: ${annAtWork.address}\nCc: ${ann.address}\nSubject: Plan\nMessage-ID: <w@x.test>\n\nx\n`,
    );
    await withWriter({ kit, user: ann, others: [annAtWork] }, async (writer) => {
      const { id } = await newestIn(writer, "inbox", annAtWork.address);
      const asReceived = await writer.call("draft_email", { reply_to: id, reply_all: true, body: "x" });
      expect(asReceived.data.preview).toMatchObject({ from: { address: annAtWork.address }, cc: [] });
      const picked = await writer.call("draft_email", { reply_to: id, body: "x", account: ann.address });
      expect(picked.data.preview).toMatchObject({
        from: { address: ann.address },
        to: [{ address: ben.address }],
        in_reply_to: "<w@x.test>",
      });
      expect((await kit.read(ann, "Drafts")).length).toBe(1);
      const unnamed = await writer.refusal("send_email", { to: [ben.address], subject: "x", body: "x" });
      expect(unnamed.code).toBe("account_ambiguous");
    });
  });
});
