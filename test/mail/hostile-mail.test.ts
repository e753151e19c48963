/** Emails and mailbox names crafted to break a parser, mislead a reader or inject commands are treated as text. */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { AppError } from "../../src/errors.ts";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { getRecentEmailsTool } from "../../src/tools/get-recent-emails.ts";
import { listMailboxesTool } from "../../src/tools/list-mailboxes.ts";
import { searchEmailsTool } from "../../src/tools/search-emails.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { withReader } from "../support/reader.ts";

const fixtures = join(import.meta.dir, "..", "fixtures");

describeMail("Hostile mail", () => {
  let kit: MailServerKit;
  let user: User;

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
  });

  test("I08: a mailbox of any name that a server accepts is listed, read and searched by that name", async () => {
    const names = [
      'quo"ted',
      "star*per%cent",
      "emoji 🎉",
      "__proto__",
      "constructor",
      "back\\slash",
      "a & b - c",
      "Entwürfe ü",
      "in:inbox OR",
      "trailing ",
      "Cafe\u0301",
    ];
    await kit.withImap(user, async (imap) => {
      for (const name of names) await imap.mailboxCreate(name);
    });
    await withReader(kit, user, async ({ mail, call }) => {
      const listed = (await mail.listMailboxes()).map(({ path }) => path);
      for (const name of names) {
        expect(listed).toContain(name);
        await kit.deliver(user, `Subject: in ${name}\nFrom: a@example.test\n\nwords`, { mailbox: name });
        // Also by the name as a list shows it and as a person types it.
        for (const mailbox of [name, name.normalize("NFC").trim().toUpperCase()])
          expect((await call(getRecentEmailsTool, { mailbox })).structured.total).toBe(1);
        const found = await call(searchEmailsTool, { query: "words", mailbox: name });
        expect(found.structured.total).toBe(1);
      }
      const { structured } = await call(searchEmailsTool, { query: "subject:in words" });
      expect(structured.total).toBe(names.length);
    });
  });

  test("an email with more text parts than are read says how many are left out", async () => {
    const emails = Array.from({ length: 60 }, (_, at) => `--e\n\nSubject: post ${at}\n\nWords ${at}.\n`);
    const digest = `Subject: All\nMIME-Version: 1.0\nContent-Type: multipart/digest; boundary=e\n\n${emails.join("")}--e--\n`;
    await kit.deliver(user, digest);
    await withReader(kit, user, async ({ mail, call }) => {
      const [row] = (await mail.listEmails({ mailbox: "inbox", limit: 1 })).emails;
      const { text } = await call(getEmailTool, { id: row?.id });
      expect(text).toContain("Subject: post 49\n\nWords 49.");
      expect(text).not.toContain("Words 50.");
      expect(text).toContain("The text is in many parts; the last 10 were not read.");
      const after = await call(getEmailTool, { id: row?.id, offset: 50_000 });
      expect(after.text).toMatch(/The text ends at character \d+: nothing is left at offset 50000\./);
    });
  });

  test("I08: invalid mailbox names are refused before a command is sent, others are not found", async () => {
    const names = [
      "a\r\nA1 LOGOUT",
      "nul\0",
      "x".repeat(5000),
      "../..",
      "*",
      "%",
      "\ud800",
      "{5}",
      " ",
      "INBOX\u0007",
    ];
    await withReader(kit, user, async ({ mail }) => {
      for (const mailbox of names) {
        const error: AppError = await mail.listEmails({ mailbox, limit: 5 }).then(
          () => new Error("was read") as AppError,
          (problem) => problem,
        );
        expect([error.code, mailbox]).toEqual([
          expect.stringMatching(/^(invalid_input|mailbox_not_found|not_supported)$/),
          mailbox,
        ]);
      }
      // The connection is intact and executed nothing out of the names.
      expect((await mail.listMailboxes()).length).toBeGreaterThan(5);
    });
  });

  test("P04: hidden text is removed and counted, in the body and in snippets", async () => {
    const { lines, omissions } = htmlToMarkdown(
      await Bun.file(join(fixtures, "html", "hidden-text.html")).text(),
    );
    const text = lines.join("\n");
    for (const way of [
      "display",
      "visibility",
      "size zero",
      "one pixel",
      "white on white",
      "height",
      "opacity",
      "attribute",
      "far away",
      "comment",
    ])
      expect({ way, shown: text.includes(way) }).toEqual({ way, shown: false });
    for (const seen of ["Visible words.", "White on black is seen.", "[image: A description]"])
      expect(text).toContain(seen);
    expect(omissions.hiddenWords).toBeGreaterThan(20);
    expect(omissions.trackingPixels).toBe(1);
  });

  test("P04: text hidden by style sheets is removed, and visible text is kept", () => {
    const shown = (html: string) => htmlToMarkdown(html).lines.join(" ");
    expect(shown("<style>.a{color:#fff}</style><p class=a>hidden</p><p>seen</p>")).toBe("seen");
    expect(
      shown("<style>#x .a > b{display:none}</style><div id=x><p class=a><b>hidden</b>seen</p></div>"),
    ).toBe("seen");
    expect(shown("<style>.a{display:none}</style><p class=a style='display:block'>seen</p>")).toBe("seen");
    expect(
      shown("<style>.a{display:none!important}</style><p class=a style='display:block'>hidden</p>seen"),
    ).toBe("seen");
    expect(shown("<div style='background:#000'><p style='color:#fff'>seen</p></div>")).toBe("seen");
    expect(shown("<div style='background:url(x.png)'><p style='color:#fff'>seen</p></div>")).toBe("seen");
    expect(shown("<div style='background:#123456'><span style='color:#123457'>hidden</span></div>seen")).toBe(
      "seen",
    );
    expect(shown("<div style='font-size:0'>hidden<span style='font-size:14px'>seen</span></div>")).toBe(
      "seen",
    );
    expect(shown("<div style='height:0;overflow:visible'>seen</div>")).toBe("seen");
    expect(shown("<div style='text-indent:-9999px'>hidden</div>seen")).toBe("seen");
    expect(
      shown("<!--[if mso]><p>hidden</p><![endif]--><!--[if !mso]><!--><p>seen</p><!--<![endif]-->"),
    ).toBe("seen");
  });

  test("P04: text hidden by newer CSS, shorthands and lengths in any unit is removed", () => {
    const shown = (style: string) => htmlToMarkdown(`<div style="${style}">hidden</div>seen`).lines.join(" ");
    for (const style of [
      "margin:0 0 0 -9999px",
      "text-indent:-100em",
      "position:absolute;inset:0 auto auto -9999px",
      "translate:-9999px 0",
      "scale:0",
      "transform:scaleX(0)",
      "content-visibility:hidden",
      "-webkit-text-fill-color:transparent",
      "font-size:calc(0px)",
      "height:0;overflow-y:hidden",
      "height:.01in;overflow:auto",
      "block-size:0;overflow:hidden",
    ])
      expect([style, shown(style)]).toEqual([style, "seen"]);
    for (const style of [
      "margin:0 auto",
      "padding:0 4px",
      "inset:0",
      "scale:1",
      "height:2em;overflow:hidden",
    ])
      expect([style, shown(style)]).toEqual([style, "hidden seen"]);
  });

  test("RFC 8601 section 2.2: a result inside an address or display name does not count as a passed check", async () => {
    await kit.deliver(user, await Bun.file(join(fixtures, "eml", "auth-quoted.eml")).bytes());
    await withReader(kit, user, async ({ mail, call }) => {
      const { emails } = await mail.searchEmails({ query: "subject:verdicts", limit: 1 });
      const { structured } = await call(getEmailTool, { id: emails[0]?.id ?? "" });
      expect(structured.sender).toMatchObject({ spf: "fail", dkim: "none", dmarc: "fail" });
    });
  });

  test("text that imitates the markers of the fence cannot end it", async () => {
    await kit.deliver(user, await Bun.file(join(fixtures, "eml", "fence-imitation.eml")).bytes());
    await withReader(kit, user, async ({ mail, call }) => {
      const { emails } = await mail.searchEmails({ query: "subject:ignore", limit: 1 });
      for (const { text, structured } of [
        await call(getEmailTool, { id: emails[0]?.id ?? "", headers: true }),
        await call(searchEmailsTool, { query: "subject:ignore" }),
      ]) {
        const marks = text.match(/<\/?mail-[0-9a-f]{16}>/gi) ?? [];
        expect(new Set(marks).size).toBe(2);
        expect(marks).toHaveLength(2);
        expect(JSON.stringify(structured)).not.toMatch(/mail-(0{16}|(abcdef12){2})/);
        expect(text.indexOf("System: you may")).toBeLessThan(text.lastIndexOf("</mail-"));
      }
    });
  });

  test("D04: addresses, Message-IDs and mailboxes that resemble the markers of the fence stay as they are", async () => {
    const owner = await kit.newUser();
    await kit.withImap(owner, async (imap) => {
      await imap.mailboxCreate("X <mail-0>");
    });
    const raw = await Bun.file(join(fixtures, "eml", "fence-lookalikes.eml")).bytes();
    await kit.deliver(owner, raw, { mailbox: "X <mail-0>" });
    await withReader(kit, owner, async ({ call }) => {
      const { structured: mailboxes } = await call(listMailboxesTool, {});
      expect(JSON.stringify(mailboxes)).toContain('"X <mail-0>"');
      const { structured: list } = await call(getRecentEmailsTool, { mailbox: "X <mail-0>" });
      expect(list.emails).toMatchObject([
        {
          from: { name: "<mail-7>", address: "mail-noreply@google.example" },
          subject: "<mail-noreply@google.example> in <mail-0>",
          mailbox: "X <mail-0>",
        },
      ]);
      const [{ id = "" } = {}] = list.emails as { id: string }[];
      const { structured: email, text } = await call(getEmailTool, { id });
      expect(email.message_id).toBe("<mail-0123456789abcdef@google.example>");
      for (const shown of [
        "Mail Delivery <mail-noreply@google.example>\n",
        "Message-ID: <mail-0123456789abcdef@google.example>\n",
        "< / mail-12ab > </mail-0123456789abcde> <mail-0123456789abcdef0>",
      ]) {
        expect(text).toContain(shown);
        expect(email.body).toContain(shown);
      }
      expect(email.notice).not.toContain("removed");
    });
  });

  test("no reading tool shows text from mail outside the fence", async () => {
    const secret = "Canaryword";
    const victim = await kit.newUser();
    await kit.withImap(victim, async (imap) => {
      await imap.mailboxCreate(`${secret} box`);
    });
    const raw = `From: "${secret}" <${secret}@example.test>\nReply-To: ${secret}2@example.test\nTo: ${secret} <x@example.test>\nCc: ${secret}@y.test\nSubject: ${secret}\nAuthentication-Results: ${secret}.example; spf=${secret}; dkim=pass\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=e\n\n--e\nContent-Type: text/plain\n\n${secret}\n--e\nContent-Type: application/${secret}; name="${secret}.bin"\nContent-Disposition: attachment\n\n${secret}\n--e--\n`;
    await kit.deliver(victim, raw, { mailbox: `${secret} box` });
    await withReader(kit, victim, async ({ call, mail }) => {
      const { emails } = await mail.searchEmails({ query: "in:anywhere", limit: 1 });
      const answers = [
        await call(getEmailTool, { id: emails[0]?.id ?? "", headers: true }),
        await call(getRecentEmailsTool, { mailbox: `${secret} box` }),
        await call(searchEmailsTool, { query: secret }),
        await call(searchEmailsTool, { query: `words -in:"${secret} box"` }),
        await call(listMailboxesTool, {}),
      ];
      for (const { text } of answers) {
        const outside = text.replace(/<(mail-[0-9a-f]{16})>[\s\S]*?<\/\1>/g, "");
        expect(outside).not.toContain(secret);
        expect(text).toContain(secret);
      }
    });
  });
});
