/** search_emails where a mail server or one of its mailboxes cannot run the search. */
import { beforeAll, expect, test } from "bun:test";
import type { MailAccount } from "../../src/mail/mail-account.ts";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openReader } from "../support/reader.ts";
import { refusal } from "../support/refusal.ts";

describeMail("A search on a mail server", () => {
  let kit: MailServerKit;
  let user: User;
  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    await kit.deliver(user, "From: a@example.test\nSubject: lunch\n\nwords\n");
  });

  async function through(rewrite: ImapRewrite, work: (mail: MailAccount) => Promise<void>): Promise<void> {
    const proxy = await startImapProxy(kit, rewrite);
    const reader = openReader(kit, user, proxy.imap);
    try {
      await work(reader.mail);
    } finally {
      await reader.connections.close();
      await proxy.stop();
    }
  }

  const search = (mail: MailAccount, query: string) => mail.searchEmails({ query, limit: 5 });

  test("that knows US-ASCII only is refused for other characters, with what to do instead (RFC 3501 section 6.4.4)", async () => {
    const asciiOnly: ImapRewrite = {
      command: (command) =>
        /UID SEARCH .*CHARSET UTF-8/.test(command)
          ? { say: "TAG NO [BADCHARSET (US-ASCII)] The specified charset is not supported.\r\n" }
          : command,
      answer: (answer) => answer.replaceAll(/ SORT(=DISPLAY)?/g, ""),
    };
    await through(asciiOnly, async (mail) => {
      const { code, message, hint } = await refusal(search(mail, "grüße"));
      expect([code, message]).toEqual(["unsupported_query", expect.stringContaining("A to Z")]);
      expect(hint).toContain("Leave the other characters out");
      expect((await search(mail, "lunch")).total).toBe(1);
    });
  });

  test("where only empty mailboxes can be searched is refused instead of answering that nothing matches", async () => {
    const withoutInbox: ImapRewrite = {
      command: (command) => (command.endsWith("SELECT INBOX") ? { say: "TAG NO not now\r\n" } : command),
    };
    await through(withoutInbox, async (mail) => {
      expect((await refusal(search(mail, "lunch"))).code).toBe("mail_server_failed");
      await kit.deliver(user, "From: a@example.test\nSubject: other\n\nwords\n", { mailbox: "Archive" });
      const page = await search(mail, "lunch");
      expect([page.total, page.searched.includes("Archive")]).toEqual([0, true]);
      expect(page.skipped).toContainEqual({ mailbox: "INBOX", reason: "the mail server cannot search it" });
    });
  });
});
