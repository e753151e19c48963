import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { grantFor } from "../support/grant.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { withProduct } from "../support/product.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { type Writer, withWriter } from "../support/writer.ts";

const email = (to: string, subject = "Hello") => ({ to: [to], subject, body: "How are you?" });

/** A writer with a submission server that counts the emails it accepts. */
async function withCounter<T>(work: (writer: Writer, taken: () => number) => Promise<T>): Promise<T> {
  const kit = await mailServer();
  const smtp = await startScriptedSmtp({ slowMs: 5 });
  try {
    const user = await kit.newUser();
    return await withWriter({ kit, user, smtp: smtp.server }, (writer) =>
      work(writer, () => smtp.taken.length),
    );
  } finally {
    await smtp.stop();
  }
}

describeMail("An email is sent once", () => {
  test("when the same call is repeated within ten minutes, and again after that", async () => {
    await withCounter(async (writer, taken) => {
      const first = await writer.call("send_email", email("ben@example.test"));
      writer.clock.advance(599_000);
      const second = await writer.call("send_email", email("ben@example.test"));
      expect(second.data.message_id).toBe(first.data.message_id);
      expect(second.text).toContain("it was not sent again");
      expect(first.data.sent_before_at).toBeUndefined();
      writer.clock.advance(2_000);
      const third = await writer.call("send_email", email("ben@example.test"));
      expect(third.data.message_id).not.toBe(first.data.message_id);
      expect(taken()).toBe(2);
    });
  });

  test("per thread: the same text to the same person in another thread is a different email", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    for (const id of ["one", "two"])
      await kit.deliver(
        user,
        `From: ben@example.test\nSubject: Question\nMessage-ID: <${id}@x.test>\nDate: Mon, 6 May 2024 10:12:00 +0200\n\nYes?\n`,
      );
    const smtp = await startScriptedSmtp({});
    await withWriter({ kit, user, smtp: smtp.server }, async (writer) => {
      const { data } = await writer.call("get_recent_emails");
      const ids = (data.emails as { id: string }[]).map(({ id }) => id);
      for (const reply_to of [...ids, ...ids]) await writer.call("send_email", { reply_to, body: "Yes." });
    });
    await smtp.stop();
    expect(smtp.taken.length).toBe(2);
  });

  test("when four calls in two sessions are concurrent: all get the same answer", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withProduct({}, async (product) => {
      const { accessToken } = await grantFor(product, ann);
      const clients = [await openClient(product, accessToken), await openClient(product, accessToken)];
      const answers = await Promise.all(
        [...clients, ...clients].map((client) => client.call("send_email", email(ben.address))),
      );
      expect(new Set(answers.map(({ data }) => data.message_id)).size).toBe(1);
      expect((await kit.read(ben)).length).toBe(1);
      expect((await kit.read(ann, "Sent")).length).toBe(1);
      for (const client of clients) await client.close();
    });
  });

  test("with the same idempotency_key within a day, also after a restart", async () => {
    await withCounter(async (writer, taken) => {
      const input = { ...email("ben@example.test"), idempotency_key: "order-17" };
      const first = await writer.call("send_email", input);
      writer.clock.advance(23 * 3_600_000);
      const later = await writer.restart();
      try {
        const second = await later.call("send_email", input);
        expect(second.data).toMatchObject({
          message_id: first.data.message_id,
          sent_before_at: expect.any(String),
        });
        expect(taken()).toBe(1);
      } finally {
        await later.close();
      }
    });
  });

  test("per key: a key that was used for a different email is refused", async () => {
    await withCounter(async (writer, taken) => {
      await writer.call("send_email", { ...email("ben@example.test"), idempotency_key: "k" });
      const refusal = await writer.refusal("send_email", {
        ...email("ben@example.test", "Another"),
        idempotency_key: "k",
      });
      expect(refusal).toMatchObject({
        code: "invalid_input",
        hint: expect.stringContaining("Nothing was sent"),
      });
      expect(taken()).toBe(1);
    });
  });

  test("when its draft is sent twice: the second call is answered although the draft is removed", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann }, async (writer) => {
      const { data } = await writer.call("draft_email", email(ben.address));
      const first = await writer.call("send_email", { draft_id: data.draft_id });
      const second = await writer.call("send_email", { draft_id: data.draft_id });
      expect(second.data.message_id).toBe(first.data.message_id);
      expect((await kit.read(ben)).length).toBe(1);
    });
  });

  test("when it is sent as a draft and then again with the same text", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withWriter({ kit, user: ann }, async (writer) => {
      const { data } = await writer.call("draft_email", email(ben.address));
      await writer.call("send_email", { draft_id: data.draft_id });
      const again = await writer.call("send_email", email(ben.address));
      expect(again.data.sent_before_at).toBeString();
      expect((await kit.read(ben)).length).toBe(1);
    });
  });

  test("when the call is repeated after a restart of the whole product", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    let dataDir = "";
    let port = "";
    let accessToken = "";
    await withProduct({}, async (product) => {
      ({ dataDir } = product);
      port = new URL(product.url).port;
      ({ accessToken } = await grantFor(product, ann));
      const client = await openClient(product, accessToken);
      await client.call("send_email", email(ben.address));
      await client.close();
    });
    await withProduct({ settings: { DATA_DIR: dataDir, PORT: port } }, async (product) => {
      const client = await openClient(product, accessToken);
      const again = await client.call("send_email", email(ben.address));
      expect(again.data.sent_before_at).toBeString();
      await client.close();
    });
    expect((await kit.read(ben)).length).toBe(1);
    expect((await kit.read(ann, "Sent")).length).toBe(1);
  });
});

describeMail("M08: The send limit", () => {
  test("is ten emails an hour for all accounts of a grant and across a restart, and the refusal gives the next time", async () => {
    const kit = await mailServer();
    const smtp = await startScriptedSmtp();
    const [ann, annAtWork] = [await kit.newUser(), await kit.newUser()];
    try {
      await withWriter({ kit, user: ann, others: [annAtWork], smtp: smtp.server }, async (writer) => {
        const send = (from: Writer, count: number) =>
          from.call("send_email", {
            ...email("ben@example.test", `number ${count}`),
            account: count % 2 === 0 ? ann.address : annAtWork.address,
          });
        const startedAt = writer.clock.now();
        for (let count = 1; count <= 10; count += 1) await send(writer, count);
        const refusal = await send(writer, 11).catch((error) => error);
        expect(refusal).toMatchObject({ code: "rate_limited", retryAfterSeconds: 3_600 });
        expect(refusal.message).toContain(new Date(startedAt + 3_600_000).toISOString().slice(0, 19));
        const later = await writer.restart();
        try {
          expect((await send(later, 11).catch((error) => error)).code).toBe("rate_limited");
          // A repetition of a sent email is still answered.
          expect((await send(later, 10)).data.sent_before_at).toBeString();
          later.clock.advance(3_600_001);
          await send(later, 12);
          expect(smtp.taken.length).toBe(11);
        } finally {
          await later.close();
        }
      });
    } finally {
      await smtp.stop();
    }
  });

  test("permits ten of twelve concurrent emails in two sessions", async () => {
    const kit = await mailServer();
    const smtp = await startScriptedSmtp();
    const ann = await kit.newUser();
    await withProduct({}, async (product) => {
      const servers = { imap: kit.imap, smtp: smtp.server };
      const { accessToken } = await grantFor(product, ann, { servers });
      const clients = [await openClient(product, accessToken), await openClient(product, accessToken)];
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          clients[index % 2]?.try("send_email", email("ben@example.test", `number ${index}`)),
        ),
      );
      const refused = answers.filter((answer) => answer?.isError);
      expect(refused.length).toBe(2);
      for (const answer of refused) expect(answer?.text).toContain("rate_limited");
      expect(smtp.taken.length).toBe(10);
      for (const client of clients) await client.close();
    });
    await smtp.stop();
  });

  test("does not count an email that is refused for its 21 recipients", async () => {
    await withCounter(async (writer, taken) => {
      const to = Array.from({ length: 21 }, (_, index) => `p${index}@example.test`);
      expect((await writer.refusal("send_email", { ...email("x@example.test"), to })).code).toBe("too_large");
      expect(taken()).toBe(0);
    });
  });
});

describeMail("M09: A grant", () => {
  const writing = [
    "mark_as_read",
    "flag_email",
    "move_email",
    "delete_email",
    "create_mailbox",
    "undo",
    "draft_email",
  ];

  test("with level read lists no writing tools, and a call of one is 403", async () => {
    const kit = await mailServer();
    const ann = await kit.newUser();
    await withProduct({}, async (product) => {
      const { accessToken } = await grantFor(product, ann, { level: "read" });
      const client = await openClient(product, accessToken);
      const { tools } = await client.client.listTools();
      for (const name of [...writing, "send_email", "request_upload"])
        expect(tools.map((tool) => tool.name)).not.toContain(name);
      for (const name of [...writing, "send_email"]) {
        const input = { to: ["x@example.test"], body: "x", ids: ["x"], path: "x" };
        // 403 insufficient_scope: the token lacks email:write.
        const problem = await client.try(name, input).catch((error: { code: number }) => error.code);
        expect(problem).toBe(403);
      }
      expect((await kit.read(ann, "Drafts")).length).toBe(0);
      await client.close();
    });
  });

  test("with level organise may draft, and cannot send", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withProduct({}, async (product) => {
      const { accessToken } = await grantFor(product, ann, { level: "organise" });
      const client = await openClient(product, accessToken);
      const { data, text: saved } = await client.call("draft_email", email(ben.address));
      expect(saved).toContain("This connection may not send it");
      expect(saved).not.toContain("send_email");
      const answer = await client.try("send_email", { draft_id: data.draft_id });
      expect(answer.text).toContain("permission_missing");
      expect((await kit.read(ben)).length).toBe(0);
      const { text, data: listed } = await client.call("list_mailboxes");
      expect(text).toContain(`${ann.address} (cannot send)`);
      expect(listed.accounts).toMatchObject([{ can_send: false }]);
      await client.close();
    });
  });
});

describeMail("The database after writing", () => {
  test("contains no address, subject, text or mailbox name outside of sealed values", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withProduct({}, async (product) => {
      const { accessToken } = await grantFor(product, ann);
      const client = await openClient(product, accessToken);
      await client.call("create_mailbox", { path: "canary-mailbox" });
      const sent = await client.call("send_email", {
        ...email(ben.address, "canary-subject"),
        body: "canary-body",
        idempotency_key: "canary-key",
      });
      const { data } = await client.call("get_recent_emails", { mailbox: "sent" });
      const ids = (data.emails as { id: string }[]).map(({ id }) => id);
      const moved = await client.call("move_email", { ids, mailbox: "canary-mailbox" });
      await client.close();
      const disk = readdirSync(product.dataDir)
        .map((file) => readFileSync(join(product.dataDir, file)).toString("latin1"))
        .join("");
      expect(disk).toContain(String(moved.data.operation_id));
      const secrets = [ann.address, ben.address, "canary", String(sent.data.message_id), ids[0] ?? ""];
      for (const secret of secrets)
        for (const form of [
          secret,
          Buffer.from(secret).toString("base64").slice(0, -4),
          Buffer.from(secret).toString("hex"),
        ])
          expect(disk).not.toContain(form);
    });
  });
});

describeMail("The log of a send", () => {
  test("is one line with grant, tool, counts and Message-ID, without address, subject or text", async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    await withProduct({}, async (product) => {
      const { accessToken } = await grantFor(product, ann);
      const client = await openClient(product, accessToken);
      const sent = await client.call("send_email", {
        ...email(ben.address, "canary-subject"),
        body: "canary-body",
        to: [ben.address, "nobody@example.test"],
      });
      const lines = product.logged.filter((line) => line.includes('"tool":"send_email"'));
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        {
          event: "call",
          grant: expect.stringMatching(/^grt_/),
          tool: "send_email",
          effect: "send",
          outcome: "done",
          count: 1,
          failed: 1,
          messageId: sent.data.message_id,
        },
      ]);
      const all = product.logged.join("");
      for (const secret of [ben.address, ann.address, "canary", "nobody@"]) expect(all).not.toContain(secret);
      await client.close();
    });
  });
});
