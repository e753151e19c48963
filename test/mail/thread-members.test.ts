/** The emails of a thread on servers with THREAD, with a poor THREAD, without it, and with thread ids. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { getThreadTool } from "../../src/tools/get-thread.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { type Gmail, startGmail } from "../support/gmail.ts";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openReader, type Reader, withReader } from "../support/reader.ts";

type SpecifiedEmail = {
  at: number;
  subject: string;
  answers?: number;
  mailbox?: string;
  head?: string;
  words?: string;
};

/** Emails that name only their parent, as some programs do, one a minute. */
function toRawEmail({
  at,
  subject,
  answers,
  mailbox = "INBOX",
  head = "",
  words = `words ${at}`,
}: SpecifiedEmail) {
  const answer = answers === undefined ? "" : `In-Reply-To: <${answers}@example.test>\n`;
  const date = new Date(Date.UTC(2024, 0, 1, 0, at));
  const own = `From: ann@example.test\nMessage-ID: <${at}@example.test>\nDate: ${date.toUTCString()}\n`;
  return { raw: `${own}Subject: ${subject}\n${answer}${head}\n${words}\n`, mailbox, date };
}

const chain = (length: number, subject: string, mailboxes: readonly string[]): SpecifiedEmail[] =>
  Array.from({ length }, (_, at) => ({
    at,
    subject: at === 0 ? subject : `Re: ${subject}`,
    mailbox: mailboxes[at % mailboxes.length] ?? "INBOX",
    ...(at === 0 ? {} : { answers: at - 1 }),
  }));

const strangers = (count: number, subject: string): SpecifiedEmail[] =>
  Array.from({ length: count }, (_, at) => ({ at: 1_000 + at, subject, words: "a stranger's" }));

/** The tool's answer for the newest email of the inbox: after a list, after get_email, or as the first call. */
async function threadOf(
  kit: MailServerKit,
  user: User,
  imap = kit.imap,
  { limit = 50, after = "a list" }: { limit?: number; after?: "a list" | "get_email" | "nothing" } = {},
): Promise<{ words: string[]; emails: Record<string, unknown>[]; notes: string[]; text: string }> {
  const lister = openReader(kit, user, imap);
  const { emails } = await lister.mail.listEmails({ mailbox: "inbox", limit: 1 });
  const reader = after === "a list" ? lister : openReader(kit, user, imap);
  try {
    if (after === "get_email") await reader.call(getEmailTool, { id: emails[0]?.id });
    const { structured, text } = await reader.call(getThreadTool, { id: emails[0]?.id, limit });
    const found = structured.emails as Record<string, unknown>[];
    return {
      words: found.map(({ body }) => String(body).split("\n")[1] ?? ""),
      emails: found,
      notes: structured.notes as string[],
      text,
    };
  } finally {
    await Promise.all([lister, reader].map(({ connections }) => connections.close()));
  }
}

const without = (...names: string[]): ImapRewrite => ({
  answer: (answer) => names.reduce((left, name) => left.replaceAll(` ${name}`, ""), answer),
});
const threadAnswers = (say: string): ImapRewrite => ({
  command: (command) => (/^\S+ UID THREAD /.test(command) ? { say } : command),
});

/** A server may know no charset but US-ASCII (RFC 3501 section 6.4.4). */
const asciiOnly = (command: string) =>
  /^\S+ UID SEARCH .*CHARSET UTF-8/.test(command)
    ? { say: "TAG NO [BADCHARSET (US-ASCII)] no\r\n" }
    : command;

describeMail("A thread", () => {
  let kit: MailServerKit;
  beforeAll(async () => {
    kit = await mailServer();
  });

  /** A user with these emails, the newest last. */
  async function withEmails(emails: readonly SpecifiedEmail[]): Promise<User> {
    const user = await kit.newUser();
    await kit.deliverAll(user, emails.map(toRawEmail));
    return user;
  }

  const servers: [string, ImapRewrite][] = [
    ["with THREAD=REFS", {}],
    ["with THREAD=REFERENCES, which joins by subject", without("THREAD=REFS")],
    ["without THREAD", without("THREAD=REFS", "THREAD=REFERENCES")],
    ["that refuses THREAD", threadAnswers("TAG NO not today\r\n")],
    ["that does not know the THREAD it offers", threadAnswers("TAG BAD what?\r\n")],
    ["whose THREAD tells no threads", threadAnswers("* THREAD 1 2\r\nTAG OK done\r\n")],
    ["whose THREAD tells no numbers", threadAnswers("* THREAD (1 x)(-3)\r\nTAG OK done\r\n")],
    ["whose THREAD is broken", threadAnswers("* THREAD ((((1\r\nTAG OK done\r\n")],
    ["whose THREAD says nothing", threadAnswers("TAG OK done\r\n")],
  ];
  test.each(servers)(
    "is the same on a server %s (RFC 5256 section 3): a chain of answers and no stranger",
    async (server, rewrite) => {
      const user = await withEmails([
        // So many that THREAD is used.
        ...strangers(60, "Plan"),
        ...chain(3, "Plan", ["INBOX", "Sent"]),
        // Continues under another subject.
        { at: 3, subject: "Another matter", answers: 2, mailbox: "Archive" },
        { at: 4, subject: "AW: Another matter", answers: 3 },
      ]);
      const proxy = await startImapProxy(kit, rewrite);
      const { words, notes } = await threadOf(kit, user, proxy.imap);
      await proxy.stop();
      const asked = proxy.commands.some((command) => command.startsWith("UID THREAD REF"));
      expect(asked).toBe(server !== "without THREAD");
      expect(words).toEqual(["words 0", "words 1", "words 2", "words 3", "words 4"]);
      expect(notes).toEqual([]);
    },
  );

  test("of a rare subject is complete without THREAD, which takes a server twice as long", async () => {
    const user = await withEmails([
      ...strangers(5, "Plan"),
      ...chain(12, "Plan", ["INBOX", "Sent"]),
      { at: 12, subject: "Another matter", answers: 11, mailbox: "Archive" },
      { at: 13, subject: "AW: Another matter", answers: 12 },
    ]);
    const proxy = await startImapProxy(kit, {});
    const { words, notes } = await threadOf(kit, user, proxy.imap);
    await proxy.stop();
    expect(proxy.commands.filter((command) => command.startsWith("UID THREAD"))).toEqual([]);
    expect(words).toEqual(Array.from({ length: 14 }, (_, at) => `words ${at}`));
    expect(notes).toEqual([]);
    // Also from the email that was answered under another subject.
    await withReader(kit, user, async ({ mail }) => {
      const query = "in:anywhere rfc822msgid:11@example.test";
      const { emails } = await mail.searchEmails({ query, limit: 1 });
      expect((await mail.getThread({ id: emails[0]?.id ?? "", limit: 50 })).total).toBe(14);
    });
  });

  test("in a very large mailbox is searched in one header field less", async () => {
    const head = "References: <0@example.test>\n";
    const user = await withEmails(chain(4, "Plan", ["INBOX"]).map((email) => ({ ...email, head })));
    const list = ({ mail }: Reader) => mail.listEmails({ mailbox: "inbox", limit: 1 });
    const { emails } = await withReader(kit, user, list);
    for (const [exists, asked] of [
      [50_000, true],
      [50_001, false],
    ] as const) {
      const proxy = await startImapProxy(kit, {
        answer: (answer) => answer.replace("* 4 EXISTS", `* ${exists} EXISTS`),
      });
      const { mail, connections } = openReader(kit, user, proxy.imap);
      const thread = await mail.getThread({ id: emails[0]?.id ?? "", limit: 50 });
      await connections.close();
      await proxy.stop();
      const words = thread.emails.map(({ body }) => body.trim());
      expect(words).toEqual(["words 0", "words 1", "words 2", "words 3"]);
      const searches = proxy.commands.filter((command) => command.startsWith("UID SEARCH"));
      expect(searches.some((command) => command.includes("In-Reply-To"))).toBe(asked);
    }
  });

  test.each([
    ["in UTF-8", {}],
    ["in ASCII only", { command: asciiOnly, ...without("THREAD=REFS", "THREAD=REFERENCES") }],
  ])("with a subject of other emails is whole on a server that searches %s", async (_, rewrite) => {
    const subject = "=?utf-8?q?Gr=C3=BC=C3=9Fe_aus_=C3=96stersund?=";
    const user = await withEmails([...strangers(2, subject), ...chain(5, subject, ["INBOX", "Sent"])]);
    const proxy = await startImapProxy(kit, rewrite);
    const { words } = await threadOf(kit, user, proxy.imap);
    await proxy.stop();
    expect(words).toEqual(["words 0", "words 1", "words 2", "words 3", "words 4"]);
  });

  test("of a subject that many unrelated emails have is found by THREAD", async () => {
    const user = await withEmails([...strangers(60, "Invoice"), ...chain(30, "Invoice", ["INBOX"])]);
    const { words, notes } = await threadOf(kit, user);
    expect(words).toHaveLength(30);
    expect(words).not.toContain("a stranger's");
    expect(notes).toEqual([]);
    // Without THREAD link by link, and the answer says where that ends.
    const proxy = await startImapProxy(kit, without("THREAD=REFS", "THREAD=REFERENCES"));
    const narrow = await threadOf(kit, user, proxy.imap);
    await proxy.stop();
    expect(narrow.words).not.toContain("a stranger's");
    expect(narrow.notes).toEqual([
      "There may be more of it: what was found led on further than was followed.",
    ]);
  });

  test.each([
    // LIST, a search in two mailboxes, and a FETCH of the matches with their text.
    ["that answer each other by References", 4, 5],
    ["that only name the one before", 30, 10],
  ])("of emails %s costs few round trips: %d emails at most %d", async (how, length, most) => {
    const members = chain(length, "Plan", ["INBOX", "Sent"]).map((email) =>
      how.includes("References") && email.at > 0
        ? {
            ...email,
            head: `References: ${Array.from({ length: email.at }, (_, at) => `<${at}@example.test>`).join(" ")}\n`,
          }
        : email,
    );
    const user = await withEmails([...members, { at: 99, subject: "Something else" }]);
    const proxy = await startCountingProxy(kit.imap.port);
    const reader = openReader(kit, user, { ...kit.imap, port: proxy.port });
    const { emails } = await reader.mail.listEmails({ mailbox: "inbox", limit: 2 });
    const ask = async (at: number) => {
      const { structured } = await reader.call(getThreadTool, { id: emails[at]?.id, limit: 50 });
      proxy.reset();
      await reader.call(getThreadTool, { id: emails[at]?.id, limit: 50 });
      return { total: structured.total, roundTrips: proxy.count().roundTrips };
    };
    const whole = await ask(1);
    const alone = await ask(0);
    await reader.connections.close();
    await proxy.stop();
    expect(whole.total).toBe(length);
    expect(whole.roundTrips).toBeLessThanOrEqual(most);
    // LIST, a search in two mailboxes, and a FETCH of the email with its text.
    expect(alone).toEqual({ total: 1, roundTrips: expect.any(Number) });
    expect(alone.roundTrips).toBeLessThanOrEqual(4);
  });

  test("is the same whether the email was listed before or not", async () => {
    const references = (...ats: number[]) =>
      `References: ${ats.map((at) => `<${at}@example.test>`).join(" ")}\n`;
    const user = await withEmails([
      ...strangers(60, "Report"),
      ...chain(4, "Plan", ["INBOX", "Sent"]),
      // Earlier emails were removed, and only References link to the first that is left.
      { at: 10, subject: "Offer", mailbox: "Archive" },
      { at: 13, subject: "Order", answers: 12, head: references(10, 11, 12) },
      { at: 14, subject: "Re: Order", answers: 13, head: references(10, 11, 12, 13) },
      { at: 20, subject: "Report", answers: 19, head: references(18, 19) },
      { at: 21, subject: "Report", answers: 20, mailbox: "Sent" },
      { at: 22, subject: "Re: Report", answers: 18 },
      { at: 30, subject: "" },
      { at: 31, subject: "", answers: 30 },
    ]);
    const list = (reader: Reader) => reader.mail.listEmails({ mailbox: "inbox", limit: 9 });
    const { emails } = await withReader(kit, user, list);
    const totals: number[] = [];
    for (const { id } of emails) {
      const ask = (reader: Reader) => reader.mail.getThread({ id, limit: 50 });
      const fresh = await withReader(kit, user, ask);
      const listed = await withReader(kit, user, async (reader) => {
        await list(reader);
        return ask(reader);
      });
      expect(listed).toEqual(fresh);
      totals.push(listed.total);
    }
    // Newest first: two without subject, three reports, two orders with the offer, the plan.
    expect(totals).toEqual([2, 2, 3, 3, 3, 3, 4, 4, 1]);
  });

  test("of an email that was removed since it was listed is answered email_not_found", async () => {
    const user = await withEmails(chain(3, "Plan", ["INBOX"]));
    const reader = openReader(kit, user);
    const { emails } = await reader.mail.listEmails({ mailbox: "inbox", limit: 3 });
    await kit.withImap(user, async (imap) => {
      await imap.mailboxOpen("INBOX");
      await imap.messageDelete("3");
    });
    const [removed, left] = emails.map(({ id }) => id);
    const ask = (id = "") => reader.call(getThreadTool, { id, limit: 50 });
    await expect(ask(removed)).rejects.toMatchObject({ code: "email_not_found" });
    expect((await ask(left)).structured.total).toBe(2);
    await reader.connections.close();
  });

  test("names a mailbox that could not be searched", async () => {
    const user = await withEmails(chain(3, "Plan", ["INBOX", "Sent"]));
    const proxy = await startImapProxy(kit, {
      command: (command) => (command.endsWith("SELECT Sent") ? { say: "TAG NO not now\r\n" } : command),
    });
    const { words, text } = await threadOf(kit, user, proxy.imap);
    await proxy.stop();
    expect(words).toEqual(["words 2"]);
    expect(text).toContain("Not searched: Sent (There is no such mailbox.).");
  });

  test("follows THREADID whatever the emails name, and their references where it finds nothing (RFC 8474 section 5.2)", async () => {
    const user = await withEmails([
      { at: 1, subject: "One", head: "X-Thread: T1\n" },
      { at: 2, subject: "Two", head: "X-Thread: T1\n", mailbox: "Sent" },
      { at: 3, subject: "Three", head: "X-Thread: T2\n", answers: 1 },
      { at: 4, subject: "Four", head: "X-Thread: T1\n" },
    ]);
    const objects = (finds: boolean): ImapRewrite => ({
      command: (command) =>
        command
          .replace(/(?<=FETCH .*) EMAILID\b/, "")
          .replace(/(?<=FETCH .*) THREADID\b/, " BODY.PEEK[HEADER.FIELDS (X-Thread)]")
          .replace(
            /(?<=UID SEARCH .*)THREADID (\w+)/,
            finds ? "HEADER X-Thread $1" : "HEADER X-Thread nothing",
          ),
      answer: (answer) =>
        answer
          .replace(/(CAPABILITY IMAP4rev1)/, "$1 OBJECTID")
          .replace(
            /BODY\[HEADER\.FIELDS \(X-Thread\)\] \{\d+\}\r\nX-Thread: (\w+)\r\n\r\n/i,
            "THREADID ($1)",
          ),
    });
    const threadIds: string[][] = [];
    for (const finds of [true, false])
      for (const after of ["a list", "get_email", "nothing"] as const) {
        const proxy = await startImapProxy(kit, objects(finds));
        threadIds.push((await threadOf(kit, user, proxy.imap, { after })).words);
        expect(proxy.commands.filter((command) => command.includes("THREADID T1"))).not.toEqual([]);
        await proxy.stop();
      }
    const all = ["words 1", "words 2", "words 4"];
    expect(threadIds).toEqual([all, all, all, ["words 4"], ["words 4"], ["words 4"]]);
  });
});

describeMail("A Gmail thread", () => {
  const thread = "1278455344230334865";
  let kit: MailServerKit;
  let gmail: Gmail;
  let user: User;
  beforeAll(async () => {
    kit = await mailServer();
    gmail = await startGmail(kit);
    user = await gmail.newUser();
    const put = (
      email: SpecifiedEmail,
      labels: string[],
      more: { thread?: string; flags?: string[] } = { thread },
    ) => {
      const { raw, date } = toRawEmail(email);
      return gmail.deliver(user, raw, { labels, date, ...more });
    };
    await put({ at: 1, subject: "Planning" }, []);
    await put({ at: 2, subject: "Re: Planning", answers: 1 }, ["Sent Mail"]);
    await put({ at: 3, subject: "Planning" }, ["INBOX"], {});
    // Gmail's thread id decides against the headers.
    await put({ at: 4, subject: "Planning" }, ["Starred"]);
    await put({ at: 6, subject: "Re: Planning", answers: 5 }, ["Drafts"], { thread, flags: ["\\Draft"] });
    await put({ at: 7, subject: "Re: Planning", answers: 2 }, ["Trash"]);
    await put({ at: 5, subject: "Re: Planning", answers: 4 }, ["INBOX", "Important"]);
  });
  afterAll(() => gmail?.stop());

  test.each(["a list", "get_email", "nothing"] as const)(
    "is searched by X-GM-THRID in All Mail, after %s; each email is answered once, drafts as such",
    async (after) => {
      const from = gmail.commands.length;
      const { words, emails, text } = await threadOf(kit, user, gmail.imap, { after });
      expect(words).toEqual(["words 1", "words 2", "words 4", "words 5", "words 6"]);
      expect(emails.map(({ mailbox }) => mailbox)).toEqual([
        ...["[Gmail]/All Mail", "[Gmail]/All Mail", "[Gmail]/All Mail", "INBOX", "[Gmail]/All Mail"],
      ]);
      expect(text).toContain("[draft, not sent, unread]");
      const commands = gmail.commands.slice(from);
      expect(commands.filter((command) => command.startsWith("UID SEARCH"))).toEqual([
        `UID SEARCH X-GM-THRID ${thread}`,
        `UID SEARCH X-GM-THRID ${thread}`,
      ]);
      const selected = commands.filter((command) => /^(SELECT|EXAMINE)/.test(command));
      expect([...new Set(selected)].sort()).toEqual(['SELECT "[Gmail]/All Mail"', "SELECT INBOX"]);
    },
  );
});
