/** The Gmail emulation responds as Gmail documents it, which the tests that use it rely on. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ImapFlow } from "imapflow";
import { type Gmail, startGmail } from "./gmail.ts";
import { describeMail } from "./installed.ts";
import { mailServer } from "./mail-server.ts";

describeMail("The Gmail emulation", () => {
  let gmail: Gmail;
  let imap: ImapFlow;
  const thread = "1278455344230334865";
  let ids: string[];

  beforeAll(async () => {
    gmail = await startGmail(await mailServer(), (query) => `SUBJECT "${query.replace(/"/g, "")}"`);
    const user = await gmail.newUser();
    const raw = (subject: string) => `From: ann@example.test\nSubject: ${subject}\n\nwords\n`;
    ids = [
      await gmail.deliver(user, raw("one"), { thread }),
      await gmail.deliver(user, raw("zwei für ä"), { thread, labels: ["Sent Mail"] }),
      await gmail.deliver(user, raw("three"), { labels: ["Trash"] }),
    ];
    imap = new ImapFlow({
      ...{ host: "localhost", port: gmail.imap.port, secure: true, logger: false, disableCompression: true },
      auth: { user: user.address, pass: user.password },
    });
    await imap.connect();
  });

  afterAll(async () => {
    await imap?.logout();
    await gmail?.stop();
  });

  test("has Gmail's name, capabilities and mailboxes", async () => {
    expect(imap.serverInfo?.name).toBe("GImap");
    expect([...imap.capabilities.keys()]).toContain("X-GM-EXT-1");
    expect([...imap.capabilities.keys()]).not.toContain("SORT");
    const list = await imap.list({ statusQuery: { messages: true } });
    const told = list.filter(({ flags }) => !flags.has("\\Noselect"));
    expect(told.map(({ path, specialUse, status }) => [path, specialUse, status?.messages]).sort()).toEqual([
      ["INBOX", "\\Inbox", 1],
      ["[Gmail]/All Mail", "\\All", 2],
      ["[Gmail]/Drafts", "\\Drafts", 0],
      ["[Gmail]/Important", undefined, 0],
      ["[Gmail]/Sent Mail", "\\Sent", 1],
      ["[Gmail]/Spam", "\\Junk", 0],
      ["[Gmail]/Starred", "\\Flagged", 0],
      ["[Gmail]/Trash", "\\Trash", 1],
    ]);
  });

  test("returns the ids and labels of each email", async () => {
    await imap.mailboxOpen("[Gmail]/All Mail");
    const emails = await imap.fetchAll("1:*", { threadId: true, labels: true, headers: ["subject"] });
    expect(emails.map(({ emailId, threadId }) => [emailId, threadId])).toEqual([
      [ids[0] ?? "", thread],
      [ids[1] ?? "", thread],
    ]);
    expect(emails.map(({ labels }) => [...(labels ?? [])])).toEqual([["\\Inbox"], ["Sent Mail"]]);
    expect(emails[0]?.headers?.toString()).toContain("Subject: one");
  });

  test("searches by its ids and by X-GM-RAW", async () => {
    await imap.mailboxOpen("[Gmail]/All Mail");
    expect(await imap.search({ threadId: thread }, { uid: true })).toEqual([1, 2]);
    expect(await imap.search({ emailId: ids[1] ?? "" }, { uid: true })).toEqual([2]);
    expect(await imap.search({ gmraw: "one" }, { uid: true })).toEqual([1]);
    expect(await imap.search({ gmraw: 'für "ä' }, { uid: true })).toEqual([2]);
    expect(gmail.commands.at(-1)).toContain("X-GM-RAW");
  });
});
