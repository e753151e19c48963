/** Octets from the mail server and characters for the model, counted rather than timed. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { toRaw } from "../support/emails.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openReader } from "../support/reader.ts";

describeMail("Reading fetches only what is shown", () => {
  test("an email of 30 MB takes less than 300 KB, also when it is all text", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const attachment = { filename: "film.bin", content: Buffer.alloc(22_000_000, 7) };
    await kit.deliver(
      user,
      await toRaw({ subject: "with film", text: "See the film.", attachments: [attachment] }),
    );
    const line = "A line of a very long text, of which there are many. ";
    await kit.deliver(user, `Subject: long text\nFrom: a@example.test\n\n${`${line}\n`.repeat(560_000)}`);
    const proxy = await startCountingProxy(kit.imap.port);
    const reader = openReader(kit, user, { ...kit.imap, port: proxy.port });
    try {
      const { emails } = await reader.mail.listEmails({ mailbox: "inbox", limit: 2 });
      expect(emails.every(({ size }) => size > 29_000_000)).toBe(true);
      for (const { id, subject } of emails) {
        proxy.reset();
        const { text, structured } = await reader.call(getEmailTool, { id });
        expect({ subject, kilobytes: proxy.count().received / 1000 < 300 }).toEqual({
          subject,
          kilobytes: true,
        });
        expect(text).toContain(subject === "with film" ? "See the film." : "A line of a very long text");
        if (subject === "long text") {
          expect(structured).toMatchObject({ offset: 0, next_offset: 25_000 });
          expect(text).toContain("longer than was fetched");
          const next = await reader.call(getEmailTool, { id, offset: 1_000_000 });
          expect(next.structured).toMatchObject({ offset: 1_000_000, next_offset: 1_025_000 });
        }
      }
    } finally {
      await reader.connections.close();
      await proxy.stop();
    }
  });

  test("a search over three mailboxes of 10,000 emails answers totals, and pages neither repeat nor skip while mail arrives", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const mailboxes = ["INBOX", "Archive", "Sent"];
    // One email each, copied on the server until there are 10,000.
    await Promise.all(
      mailboxes.map((mailbox) =>
        kit.deliver(user, "Subject: number\nFrom: a@example.test\n\nx\n", {
          mailbox,
          date: new Date("2024-05-01T00:00:00Z"),
        }),
      ),
    );
    await Promise.all(
      mailboxes.map((mailbox) =>
        kit.withImap(user, async (imap) => {
          await imap.mailboxOpen(mailbox);
          for (let count = 1; count < 10_000; count += Math.min(count, 10_000 - count))
            await imap.messageCopy(`1:${Math.min(count, 10_000 - count)}`, mailbox);
        }),
      ),
    );
    const reader = openReader(kit, user);
    try {
      const seen: string[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < 8; page += 1) {
        const found = await reader.mail.searchEmails({
          query: "subject:number",
          limit: 100,
          ...(cursor ? { cursor } : {}),
        });
        expect(found.total).toBe(30_000 + page);
        expect(found.searched).toEqual(expect.arrayContaining(mailboxes));
        seen.push(...found.emails.map(({ id }) => id));
        cursor = found.cursor;
        await kit.deliver(user, "Subject: number new\nFrom: a@example.test\n\nx\n", {
          mailbox: mailboxes[page % 3] ?? "INBOX",
        });
      }
      expect(new Set(seen).size).toBe(800);
      // All arrived in the same second, so the order is by UID across the mailboxes.
      const uids = seen.map((id) =>
        Number.parseInt(Buffer.from(id, "base64url").toString("latin1").split("\0")[2] ?? "", 36),
      );
      expect(uids).toEqual([...uids].sort((a, b) => b - a));
      expect(uids.at(-1)).toBe(10_000 - Math.ceil(800 / 3) + 1);
    } finally {
      await reader.connections.close();
    }
  }, 60_000);
});

test("a newsletter is rendered in at most a tenth of the size of its HTML", async () => {
  const folder = join(import.meta.dir, "..", "fixtures", "html");
  const names = readdirSync(folder).filter((name) => name.startsWith("newsletter-"));
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) {
    const html = await Bun.file(join(folder, name)).text();
    expect({ name, small: htmlToMarkdown(html).lines.join("\n").length <= html.length / 10 }).toEqual({
      name,
      small: true,
    });
  }
});
