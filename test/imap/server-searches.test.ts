/** Searches on servers that refuse or misunderstand a part of SEARCH, and what is remembered of such a server. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { MailAccount } from "../../src/mail/mail-account.ts";
import { type ImapProxy, type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { inSequence, refusing, unnamed, withoutCapabilities } from "../support/imap-rewrites.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openReader } from "../support/reader.ts";
import { refusal } from "../support/refusal.ts";

const withoutSort = inSequence(
  withoutCapabilities("SORT", "SORT=DISPLAY", "THREAD=REFERENCES", "THREAD=REFS"),
  unnamed,
);

describeMail("On a server", () => {
  let kit: MailServerKit;
  let user: User;
  const running: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    const emails = ["apple", "pear", "plum"].map((word, at) => ({
      raw: `From: a@example.test\nSubject: ${word}\nMessage-ID: <${at}@x.test>\n${
        at === 0 ? "" : `References: <0@x.test>\n`
      }\nwords of ${word}\n`,
    }));
    await kit.deliverAll(user, emails);
  });

  afterAll(async () => {
    for (const one of running) await one.close();
  });

  async function connectThrough(
    rewrite: ImapRewrite,
    owner = user,
  ): Promise<{ mail: MailAccount; proxy: ImapProxy }> {
    const proxy = await startImapProxy(kit, rewrite);
    const reader = openReader(kit, owner, proxy.imap);
    running.push({ close: () => reader.connections.close().then(() => proxy.stop()) });
    return { mail: reader.mail, proxy };
  }

  const search = async (mail: MailAccount, query: string) => {
    const { emails, total } = await mail.searchEmails({ query, mailbox: "inbox", limit: 5 });
    return { subjects: emails.map(({ subject }) => subject).sort(), total };
  };
  const searches = (proxy: ImapProxy) => proxy.commands.filter((line) => /^UID SEARCH/.test(line));

  test("that refuses OR in SEARCH, each alternative is searched by itself, at once from the second search on", async () => {
    const { mail, proxy } = await connectThrough({
      command: refusing(
        /SEARCH.* OR /i,
        "TAG NO [SERVERBUG] UID SEARCH Server error - Please try again later",
      ),
      answer: withoutSort,
    });
    const found = { subjects: ["apple", "plum"], total: 2 };
    expect(await search(mail, "subject:apple OR subject:plum")).toEqual(found);
    expect(await search(mail, "-(subject:apple OR subject:plum)")).toEqual({ subjects: ["pear"], total: 1 });
    const before = searches(proxy).length;
    expect(await search(mail, "subject:apple OR subject:plum")).toEqual(found);
    expect(searches(proxy).slice(before).join()).not.toContain(" OR ");
  });

  test("that refuses OR in SEARCH, a thread is gathered all the same", async () => {
    const { mail } = await connectThrough({
      command: refusing(/SEARCH.* OR /i, "TAG NO [SERVERBUG] UID SEARCH Server error"),
      answer: withoutSort,
    });
    const page = await mail.searchEmails({ query: "subject:plum", mailbox: "inbox", limit: 1 });
    const thread = await mail.getThread({ id: page.emails[0]?.id ?? "", limit: 10 });
    expect(thread.emails.map(({ subject }) => subject)).toEqual(["apple", "pear", "plum"]);
  });

  test("that refuses HEADER in SEARCH, a thread has its email and says that others may be missing", async () => {
    const { mail } = await connectThrough({
      command: refusing(/SEARCH.* HEADER /i, "TAG NO UID SEARCH Server error"),
      answer: withoutSort,
    });
    const page = await mail.searchEmails({ query: "subject:plum", mailbox: "inbox", limit: 1 });
    const { emails, notes } = await mail.getThread({ id: page.emails[0]?.id ?? "", limit: 10 });
    expect(emails.map(({ subject }) => subject)).toEqual(["plum"]);
    expect(notes.join()).toContain("refuses to search for message ids");
  });

  test("that refuses HEADER in SEARCH, emails of one subject are threaded by their own headers, and list: says why it cannot search", async () => {
    const owner = await kit.newUser();
    const toEmail = (at: number, subject: string, parent: string) => ({
      raw: `From: a@example.test\nSubject: ${subject}\nMessage-ID: <${at}@y.test>\n${parent}\nwords\n`,
    });
    await kit.deliverAll(owner, [
      toEmail(0, "plum", ""),
      toEmail(1, "Re: plum", "References: <0@y.test>\n"),
      toEmail(2, "plum", ""),
    ]);
    const { mail, proxy } = await connectThrough(
      {
        command: refusing(/SEARCH.* HEADER /i, "TAG NO [SERVERBUG] UID SEARCH Server error"),
        answer: withoutSort,
      },
      owner,
    );
    const page = await mail.searchEmails({ query: "subject:re", mailbox: "inbox", limit: 1 });
    const id = page.emails[0]?.id ?? "";
    const { emails, notes } = await mail.getThread({ id, limit: 10 });
    expect(emails.map(({ subject }) => subject)).toEqual(["plum", "Re: plum"]);
    expect(notes.join()).toContain("refuses to search for message ids");
    const before = searches(proxy).length;
    const refused = await search(mail, "list:news").catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "unsupported_query" });
    expect(searches(proxy).length).toBe(before);
  });

  test.each([
    ["NOT", / NOT /],
    ["OR and NOT", / (OR|NOT) /],
  ])(
    "that refuses %s in SEARCH, what is excluded is searched and taken away, at once from the second search on",
    async (_, refused) => {
      const { mail, proxy } = await connectThrough({
        command: (line) => (/SEARCH/.test(line) && refused.test(line) ? { say: "TAG BAD no\r\n" } : line),
        answer: withoutSort,
      });
      expect(await search(mail, "-subject:pear")).toEqual({ subjects: ["apple", "plum"], total: 2 });
      const before = searches(proxy).length;
      expect(await search(mail, "from:a -(subject:pear OR subject:plum)")).toEqual({
        subjects: ["apple"],
        total: 1,
      });
      expect(await search(mail, "-(subject:pear words) -subject:apple")).toEqual({
        subjects: ["plum"],
        total: 1,
      });
      expect(await search(mail, "subject:pear OR -words")).toEqual({ subjects: ["pear"], total: 1 });
      expect(
        searches(proxy)
          .slice(before)
          .filter((line) => / NOT /.test(line)),
      ).toEqual([]);
    },
  );

  test("that refuses TEXT in SEARCH, the answer says so, and the next search is not sent", async () => {
    const { mail, proxy } = await connectThrough({
      command: refusing(/SEARCH.* (TEXT|BODY) /, "TAG NO not implemented"),
      answer: withoutSort,
    });
    for (let call = 0; call < 2; call++)
      expect(await refusal(mail.searchEmails({ query: "words", mailbox: "inbox", limit: 5 }))).toMatchObject({
        code: "unsupported_query",
        message: "This mail server does not search in the text of emails.",
      });
    expect(searches(proxy)).toHaveLength(2);
  });

  const withoutAll = (more: string) => (answer: string) =>
    answer.startsWith("* ESEARCH")
      ? answer.replace(/ (COUNT|ALL) \S+/g, "").replace("\r\n", `${more}\r\n`)
      : answer;
  test.each([
    ["without ALL, with COUNT", inSequence(withoutSort, withoutAll(" COUNT 1"))],
    ["without ALL and COUNT", inSequence(withoutSort, withoutAll(""))],
    ["with MIN and MAX alone", inSequence(withoutSort, withoutAll(" MIN 1 MAX 3"))],
    ["without an ESEARCH", inSequence(withoutSort, (line) => (line.startsWith("* ESEARCH") ? "" : line))],
    [
      "without ALL, and is Dovecot by its name",
      inSequence(withoutCapabilities("SORT", "SORT=DISPLAY"), withoutAll(" COUNT 1")),
    ],
  ])(
    "that answers RETURN (ALL COUNT) %s (RFC 4731 section 3.1), emails are found by a plain SEARCH",
    async (_, answer) => {
      const { mail, proxy } = await connectThrough({ answer });
      expect(await search(mail, "subject:pear")).toEqual({ subjects: ["pear"], total: 1 });
      expect(await search(mail, "subject:apple")).toEqual({ subjects: ["apple"], total: 1 });
      expect(searches(proxy).filter((line) => line.includes("RETURN"))).toHaveLength(1);
    },
  );

  test("that answers RETURN (ALL COUNT) rightly, nothing found needs no second search", async () => {
    const { mail, proxy } = await connectThrough({ answer: withoutSort });
    expect((await search(mail, "subject:nothing")).total).toBe(0);
    expect(searches(proxy).filter((line) => !line.includes("RETURN"))).toEqual([]);
  });

  test("that answers BAD to CHARSET UTF-8 (RFC 3501 section 6.4.4), a search says which characters can be searched", async () => {
    const { mail, proxy } = await connectThrough({
      command: refusing(/SEARCH.*CHARSET/i, "TAG BAD UID SEARCH invalid argument"),
      answer: withoutSort,
    });
    for (let call = 0; call < 2; call++)
      expect(await refusal(mail.searchEmails({ query: "grüße", mailbox: "inbox", limit: 5 }))).toMatchObject({
        code: "unsupported_query",
        message: expect.stringContaining("A to Z"),
      });
    expect(searches(proxy)).toHaveLength(1);
  });
});
