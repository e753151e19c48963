/** get_thread over a real Dovecot: a thread over inbox, sent and archive. */
import { beforeAll, describe, expect, test } from "bun:test";
import { toShares } from "../../src/mail/threads/thread.ts";
import { getThreadTool } from "../../src/tools/get-thread.ts";
import { toRaw } from "../support/emails.ts";
import { hasMailServer } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { withReader } from "../support/reader.ts";

describe.skipIf(!hasMailServer)("get_thread", () => {
  let kit: MailServerKit;
  let user: User;

  const email = async (at: number, more: Record<string, unknown>, mailbox = "INBOX") =>
    kit.deliver(
      user,
      await toRaw({
        subject: at === 1 ? "Planning" : "Re: Planning",
        messageId: `<${at}@example.test>`,
        date: new Date(`2024-05-0${at}T10:00:00Z`),
        ...more,
      }),
      { mailbox },
    );

  const thread = (query: string, limit = 20) =>
    withReader(kit, user, async (reader) => {
      const { emails } = await reader.mail.searchEmails({ query: `${query} in:anywhere`, limit: 1 });
      return reader.call(getThreadTool, { id: emails[0]?.id ?? "", limit });
    });
  const bodies = (structured: Record<string, unknown>) =>
    (structured.emails as { body: string }[]).map(({ body }) => body.split("\n")[1]);

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    await email(1, { text: "first words" }, "Archive");
    await email(
      2,
      {
        text: "second words\n\n> first words",
        inReplyTo: "<1@example.test>",
        references: "<1@example.test>",
      },
      "Sent",
    );
    await email(3, {
      text: "third words",
      html: "<p>third words</p><blockquote type=cite>second words</blockquote>",
      inReplyTo: "<2@example.test>",
      references: ["<1@example.test>", "<2@example.test>"],
    });
    // The copy that a mailing list delivered to the sender.
    await email(2, {
      text: "second words\n\n> first words",
      inReplyTo: "<1@example.test>",
      references: "<1@example.test>",
    });
    // Names only its parent, as some programs do.
    await email(4, { text: "fourth words", inReplyTo: "<3@example.test>" });
    await email(5, {
      subject: "Planning",
      text: "another conversation of the same subject",
      messageId: "<other@example.test>",
    });
    await kit.deliver(user, "Subject: Alone\nFrom: ann@example.test\n\nno Message-ID at all\n");
    await email(6, {
      subject: "Hostile",
      messageId: '<6" OR ALL@example.test>',
      references: '<a\\"b@x> <(c)@x> <{5}@x>',
      text: "hostile ids",
    });
  });

  test.each(["subject:planning body:first -body:second", "body:second in:sent", "body:third", "body:fourth"])(
    "is the same from %s: oldest first, each email once, history folded",
    async (query) => {
      const { structured, text } = await thread(query.replace(" in:sent", ""));
      expect(bodies(structured)).toEqual(["first words", "second words", "third words", "fourth words"]);
      expect(structured.total).toBe(4);
      expect(text).toContain("[1 earlier line quoted]");
      expect(text).not.toContain("another conversation");
    },
  );

  test("says that the oldest are left out beyond the limit", async () => {
    const { structured, text } = await thread("body:third", 2);
    expect(bodies(structured)).toEqual(["third words", "fourth words"]);
    expect(structured.total).toBe(4);
    expect(text).toContain("2 of 4 emails, oldest first. The 2 oldest are left out");
    expect(text).toContain("before:2024-05-04");
  });

  test("counts the emails of a mailbox beyond those that are fetched", async () => {
    const crowd = await kit.newUser();
    const raw = (at: number) =>
      `Subject: Re: crowd\nMessage-ID: <c${at}@x>\nReferences: <c0@x>\nFrom: ann@example.test\n\nwords ${at}\n`;
    await kit.deliverAll(
      crowd,
      Array.from({ length: 203 }, (_, at) => ({ raw: raw(at) })),
    );
    await withReader(kit, crowd, async ({ mail, call }) => {
      const { emails } = await mail.searchEmails({ query: "subject:crowd", mailbox: "inbox", limit: 100 });
      const [oldest] = (await mail.searchEmails({ query: "rfc822msgid:c0@x", mailbox: "inbox", limit: 1 }))
        .emails;
      for (const of of [emails[0], emails[50], oldest]) {
        const { text } = await call(getThreadTool, { id: of?.id });
        expect(text).toContain("20 of 203 emails, oldest first. The 183 oldest are left out");
        expect(text).toContain("2 of these were counted and not looked at.");
        expect(text).toContain("words 202");
      }
    });
  });

  test("says which email is longer than what was fetched of it", async () => {
    const someone = await kit.newUser();
    const html = `<style>${".x { color: red }\n".repeat(20_000)}</style><p>far in</p>`;
    await kit.deliver(someone, await toRaw({ subject: "Large", html }));
    await kit.deliver(someone, await toRaw({ subject: "Small", html: "<p>near</p>" }));
    await withReader(kit, someone, async ({ mail, call }) => {
      const { emails } = await mail.listEmails({ mailbox: "inbox", limit: 2 });
      const [small, large] = await Promise.all(emails.map(({ id }) => call(getThreadTool, { id })));
      expect(small?.text).not.toContain("not fetched");
      expect(large?.text).toContain("[a part that was not fetched: get_email shows it all]");
    });
  });

  test("an email without Message-ID is a thread of its own", async () => {
    const { structured } = await thread("subject:alone");
    expect(bodies(structured)).toEqual(["no Message-ID at all"]);
  });

  test("Message-IDs that look like commands are treated as text", async () => {
    const { structured } = await thread("subject:hostile");
    expect(bodies(structured)).toEqual(["hostile ids"]);
  });

  test("shows short emails whole and gives long ones equal shares", () => {
    expect(toShares([10, 20])).toEqual([10, 20]);
    expect(toShares([100_000, 10, 100_000])).toEqual([12_495, 10, 12_495]);
    expect(toShares([])).toEqual([]);
  });
});
