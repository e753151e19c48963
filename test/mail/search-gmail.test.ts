/**
 * search_emails on Gmail: the X-GM-RAW queries, the mailboxes they run in, results and cursors.
 * https://developers.google.com/workspace/gmail/imap/imap-extensions
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { toRaw } from "../support/emails.ts";
import { type Gmail, startGmail } from "../support/gmail.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openReader, type Reader } from "../support/reader.ts";

/** 5 March, from midnight to midnight UTC. */
const day = "(after:1709596799 before:1709683200)";

/** Gmail's own query operators as this imitation answers them; any other makes the search fail. */
const meanings: Record<string, string> = {
  harbour: "TEXT harbour",
  "from:carl lunch": "FROM carl TEXT lunch",
  "subject:grüße": 'SUBJECT "grüße"',
  '"at the harbour" -köln': 'TEXT "at the harbour" NOT TEXT "köln"',
  "has:attachment": "SUBJECT invoice",
  "filename:pdf -in:inbox": "SUBJECT invoice NOT HEADER X-GM-LABELS Inbox",
  [day]: "ON 5-Mar-2024",
  "{subject:lunch has:attachment} -in:inbox": "SUBJECT invoice",
  "in:inbox": "HEADER X-GM-LABELS Inbox",
  "subject:lunch": "SUBJECT lunch",
  "{in:sent subject:lunch}": 'OR SUBJECT lunch HEADER X-GM-LABELS "Sent Mail"',
  "subject:number": "SUBJECT number",
};

describeMail("search_emails of Gmail", () => {
  let kit: MailServerKit;
  let gmail: Gmail;
  let user: User;
  let reader: Reader;

  beforeAll(async () => {
    kit = await mailServer();
    gmail = await startGmail(kit, (query) => meanings[query.replace(/^in:anywhere /, "")]);
    user = await gmail.newUser();
    await kit.withImap(user, (imap) => imap.mailboxCreate("Work"));
    const pdf = { filename: "invoice.pdf", content: Buffer.from("%PDF-1.4") };
    const emails: [labels: string[], date: string, subject: string, text: string][] = [
      [["INBOX", "Work"], "2024-03-01", "Lunch", "We meet at the harbour."],
      [["Work"], "2024-03-05", "Invoice", "Please pay."],
      [["INBOX"], "2024-03-10", "Grüße", "from the harbour, aus Köln"],
      [["Sent Mail"], "2024-03-15", "Answer", "harbour"],
      [["Trash"], "2024-03-20", "Gone", "harbour"],
      [["Spam"], "2024-03-25", "Unwanted", "harbour"],
    ];
    for (const [labels, date, subject, text] of emails) {
      const from = subject === "Lunch" ? "Carl <carl@example.org>" : "Ann <ann@example.test>";
      const attachments = subject === "Invoice" ? [pdf] : [];
      const flags = subject === "Invoice" ? ["\\Answered"] : [];
      const raw = await toRaw({ subject, text, from, attachments });
      await gmail.deliver(user, raw, { labels, flags, date: new Date(`${date}T12:00:00Z`) });
    }
    reader = openReader(kit, user, gmail.imap);
  });

  afterAll(async () => {
    await reader?.connections.close();
    await gmail?.stop();
  });

  /** The emails found, the mailboxes searched, and the SEARCH keys sent. */
  async function search(query: string) {
    const from = gmail.commands.length;
    const page = await reader.mail.searchEmails({ query, limit: 20 });
    const asked = gmail.commands.slice(from).flatMap((command) => {
      const [, keys] = /^UID SEARCH (.*)$/.exec(Buffer.from(command, "latin1").toString("utf8")) ?? [];
      // No query may make Gmail leave out trash and spam by itself.
      return keys === undefined
        ? []
        : [keys.replaceAll('\\"', "'").replace('X-GM-RAW "in:anywhere ', 'X-GM-RAW "')];
    });
    const { emails, searched, skipped, total } = page;
    expect(total).toBe(emails.length);
    return {
      found: emails.map(({ subject }) => subject).join(", "),
      searched: searched.map((path) => path.replace("[Gmail]/", "")).join(", "),
      skipped: skipped.map((one) => one.mailbox.replace("[Gmail]/", "")).join(", "),
      asked: [...new Set(asked)].toSorted(),
    };
  }

  const usual = { searched: "All Mail", skipped: "Spam, Trash" };
  const labelled = { searched: "All Mail", skipped: "" };

  test.each<[string, { found: string; searched: string; skipped: string; asked: string[] }]>([
    ["harbour", { ...usual, found: "Answer, Grüße, Lunch", asked: ['X-GM-RAW "harbour"'] }],
    ["from:carl lunch", { ...usual, found: "Lunch", asked: ['X-GM-RAW "from:carl lunch"'] }],
    ["subject:grüße", { ...usual, found: "Grüße", asked: ['CHARSET UTF-8 X-GM-RAW "subject:grüße"'] }],
    [
      '"at the harbour" -köln',
      { ...usual, found: "Lunch", asked: [`CHARSET UTF-8 X-GM-RAW "'at the harbour' -köln"`] },
    ],
    ["on:2024-03-05", { ...usual, found: "Invoice", asked: [`X-GM-RAW "${day}"`] }],
    // The answered flag and text in the body are IMAP keys: Gmail has no operators for them.
    [
      "has:attachment is:answered",
      { ...usual, found: "Invoice", asked: ['X-GM-RAW "has:attachment" ANSWERED'] },
    ],
    [
      "body:pay OR subject:lunch",
      { ...usual, found: "Invoice, Lunch", asked: ['OR (BODY "pay") (X-GM-RAW "subject:lunch")'] },
    ],
    // A label alone is searched as a mailbox, …
    [
      "in:Work",
      { searched: "Work", skipped: "", found: "Invoice, Lunch", asked: ["RETURN (ALL COUNT) ALL"] },
    ],
    [
      "in:work",
      { searched: "Work", skipped: "", found: "Invoice, Lunch", asked: ["RETURN (ALL COUNT) ALL"] },
    ],
    ["in:work in:INBOX", { ...labelled, found: "Lunch", asked: ['X-GM-RAW "in:inbox" X-GM-LABELS "Work"'] }],
    [
      "in:sent harbour",
      { searched: "Sent Mail", skipped: "", found: "Answer", asked: ['X-GM-RAW "harbour"'] },
    ],
    // … and as one condition of several by a label operator in All Mail.
    ["in:Work in:inbox", { ...labelled, found: "Lunch", asked: ['X-GM-RAW "in:inbox" X-GM-LABELS "Work"'] }],
    [
      "in:Work subject:lunch OR has:attachment -in:inbox",
      {
        ...labelled,
        found: "Invoice",
        asked: ['X-GM-RAW "{subject:lunch has:attachment} -in:inbox" X-GM-LABELS "Work"'],
      },
    ],
    ["filename:pdf -in:inbox", { ...usual, found: "Invoice", asked: ['X-GM-RAW "filename:pdf -in:inbox"'] }],
    [
      "in:sent OR subject:lunch",
      { ...usual, found: "Answer, Lunch", asked: ['X-GM-RAW "{in:sent subject:lunch}"'] },
    ],
    [
      "in:trash OR in:Work",
      {
        searched: "All Mail, Trash",
        skipped: "",
        found: "Gone, Invoice, Lunch",
        asked: ["RETURN (ALL COUNT) ALL", 'X-GM-LABELS "Work"'],
      },
    ],
    [
      "in:anywhere harbour -in:spam",
      {
        searched: "All Mail, Trash",
        skipped: "Spam",
        found: "Gone, Answer, Grüße, Lunch",
        asked: ['X-GM-RAW "harbour"'],
      },
    ],
  ])("%s", async (query, expected) => {
    expect(await search(query)).toEqual(expected);
  });

  test("a label is found whatever the case of its name", async () => {
    const page = await reader.mail.listEmails({ mailbox: "WORK", limit: 5 });
    expect([page.searched, page.total]).toEqual([["Work"], 2]);
    expect(
      await reader.mail.listEmails({ mailbox: "Wrk", limit: 5 }).catch((error) => error.message),
    ).toContain('nearest is "Work"');
  });

  test("pages neither repeat nor skip without SORT while mail arrives", async () => {
    const person = await gmail.newUser();
    const count = 30;
    for (let at = 0; at < count; at += 1) {
      // Three share a second; they arrived in another order than their dates.
      const date = new Date(Date.UTC(2024, 4, 1) + Math.floor(((at * 7) % count) / 3) * 1000);
      await gmail.deliver(person, `Subject: number ${at}\nFrom: a@example.test\n\nx\n`, { date });
    }
    const own = openReader(kit, person, gmail.imap);
    try {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await own.mail.searchEmails({
          query: "subject:number",
          limit: 7,
          ...(cursor ? { cursor } : {}),
        });
        seen.push(...page.emails.map(({ subject }) => subject));
        await gmail.deliver(person, "Subject: number new\nFrom: a@example.test\n\nx\n");
        cursor = page.cursor;
      } while (cursor);
      expect(seen.toSorted()).toEqual(Array.from({ length: count }, (_, at) => `number ${at}`).toSorted());
      const seconds = seen.map((subject) => Math.floor(((Number(subject.slice(7)) * 7) % count) / 3));
      expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
    } finally {
      await own.connections.close();
    }
  });
});
