/** The parts of an email that are its text and those that are files, in every answer (RFC 2046, RFC 2387). */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { getRecentEmailsTool } from "../../src/tools/get-recent-emails.ts";
import { getThreadTool } from "../../src/tools/get-thread.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer } from "../support/mail-server.ts";
import { type Reader, withReader } from "../support/reader.ts";

describeMail("the parts of an email", () => {
  let kit: MailServerKit;

  beforeAll(async () => {
    kit = await mailServer();
  });

  async function withFixture(name: string, work: (reader: Reader, id: string) => Promise<void>) {
    const user = await kit.newUser();
    await kit.deliver(user, await Bun.file(join(import.meta.dir, "..", "fixtures", "eml", name)).bytes());
    await withReader(kit, user, async (reader) => {
      const { emails } = await reader.mail.listEmails({ mailbox: "inbox", limit: 1 });
      await work(reader, emails[0]?.id ?? "");
    });
  }

  test("a text that Apple Mail splits around pictures and files is read to its end", () =>
    withFixture("apple-pieces.eml", async ({ call }, id) => {
      const read = async (format: string) =>
        String((await call(getEmailTool, { id, format })).structured.body);
      expect(await read("markdown")).toContain(
        "Before the picture.\n\nAfter it, [a link](https://x.example/).\n\nAnd the end.",
      );
      expect(await read("text")).toContain("Before the picture.\n\nAfter it. And the end.");
      expect(await read("html")).toMatch(/Before the picture\.[\s\S]*After it, [\s\S]*And the end\./);
      expect(await read("links")).toContain("1. a link: https://x.example/");
      const { structured } = await call(getThreadTool, { id });
      expect(JSON.stringify(structured)).toContain("And the end.");
      const { text } = await call(getRecentEmailsTool, {});
      expect(text).toContain("1 attached");
    }));

  test("plain text in several parts is read to its end in every format", () =>
    withFixture("apple-pieces-plain.eml", async ({ call }, id) => {
      for (const format of ["markdown", "text", "html"])
        expect(String((await call(getEmailTool, { id, format })).structured.body)).toContain(
          "Before the picture.\n\nAfter it.",
        );
    }));

  test("a file among the pictures of HTML is an attachment, the pictures are not", () =>
    withFixture("related-file.eml", async ({ mail, call }, id) => {
      const { emails } = await mail.listEmails({ mailbox: "inbox", limit: 1 });
      expect(emails[0]?.attachments).toBe(1);
      const { text } = await call(getEmailTool, { id });
      expect(text).toContain("Attachment 2: offer.pdf");
      expect(text).toContain("Inline attachments: 1 logo.png");
    }));

  test("a raw 8-bit header is decoded in the charset of the text, in lists and in the email", () =>
    withFixture("subject-raw-koi8-r.eml", async ({ call }, id) => {
      expect((await call(getEmailTool, { id })).text).toContain("Subject: Счёт за май");
      expect((await call(getRecentEmailsTool, {})).text).toContain("Счёт за май");
      expect((await call(getThreadTool, { id })).text).toContain("Счёт за май");
    }));
});
