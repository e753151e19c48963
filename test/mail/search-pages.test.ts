/** Pages of search_emails: cursors while mail arrives and leaves, servers without SORT, and the text of a page. */
import { describe, expect, test } from "bun:test";
import type { EmailPage } from "../../src/mail/reading.ts";
import { showSearched, showSkipped } from "../../src/tools/rows.ts";
import { toRaw } from "../support/emails.ts";
import { hasMailServer } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { type Reader, withReader } from "../support/reader.ts";
import { refusal } from "../support/refusal.ts";

const day = (date: string) => new Date(`${date}T12:00:00Z`);
const subjects = (page: EmailPage) => page.emails.map(({ subject }) => subject);

describe.skipIf(!hasMailServer)("a search's cursor", () => {
  async function walk(
    reader: Reader,
    between: (page: EmailPage, at: number) => Promise<void>,
    query = "subject:number",
    limit = 7,
  ): Promise<{ subjects: string[]; totals: number[] }> {
    const seen: string[] = [];
    const totals: number[] = [];
    let cursor: string | undefined;
    for (let at = 0; at < 40; at += 1) {
      const page = await reader.mail.searchEmails({
        query,
        limit,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...subjects(page));
      totals.push(page.total);
      await between(page, at);
      cursor = page.cursor;
      if (!cursor) break;
    }
    return { subjects: seen, totals };
  }

  async function filled(): Promise<{ kit: MailServerKit; user: User; all: string[] }> {
    const kit = await mailServer();
    const user = await kit.newUser();
    const start = day("2024-05-01").getTime();
    const emails = await Promise.all(
      Array.from({ length: 45 }, async (_, at) => ({
        raw: await toRaw({ subject: `number ${at}`, text: "x" }),
        mailbox: ["INBOX", "Archive", "Sent"][at % 3] ?? "INBOX",
        // Groups of three share a second, over all three mailboxes.
        date: new Date(start + Math.floor(at / 3) * 1000),
      })),
    );
    await kit.deliverAll(user, emails);
    return { kit, user, all: emails.map((_, at) => `number ${at}`) };
  }

  test("neither repeats nor skips an email while mail arrives in each mailbox", async () => {
    const { kit, user, all } = await filled();
    await withReader(kit, user, async (reader) => {
      const walked = await walk(reader, async (_, at) => {
        const mailbox = ["INBOX", "Archive", "Sent"][at % 3] ?? "INBOX";
        await kit.deliver(user, await toRaw({ subject: `number new ${at}`, text: "x" }), { mailbox });
      });
      expect(walked.subjects.filter((subject) => subject.includes("new"))).toEqual([]);
      expect([...walked.subjects].sort()).toEqual([...all].sort());
      expect(new Set(walked.subjects).size).toBe(all.length);
      expect(walked.totals[0]).toBe(all.length);
    });
  });

  test("continues when each mailbox gets a different query", async () => {
    const { kit, user, all } = await filled();
    await withReader(kit, user, async (reader) => {
      const arrive = async () => {
        await kit.deliver(user, await toRaw({ subject: "number new", text: "x" }));
      };
      // Every third is in Sent, of which only few match.
      const query = "(in:inbox OR in:archive OR subject:2) subject:number";
      const meant = all.filter((subject, at) => at % 3 !== 2 || subject.includes("2"));
      const walked = await walk(reader, arrive, query);
      expect(walked.subjects.toSorted()).toEqual(meant.toSorted());
    });
  });

  test("continues at the right position after the emails of the last page were deleted", async () => {
    const { kit, user, all } = await filled();
    await withReader(kit, user, async (reader) => {
      const walked = await walk(reader, async (page) => {
        await reader.mail.moveEmails(
          page.emails.map(({ id }) => id),
          "trash",
        );
      });
      expect([...walked.subjects].sort()).toEqual([...all].sort());
    });
  });

  test("neither repeats nor skips emails of several mailboxes with the same second and UID", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const subjects = ["INBOX", "Archive", "Sent"].map((mailbox) => `number of ${mailbox}`);
    // As after a migration: all emails arrived in the same second, each as the first of its mailbox.
    for (const subject of subjects)
      await kit.deliver(user, await toRaw({ subject, text: "x" }), {
        mailbox: subject.slice("number of ".length),
        date: day("2024-05-01"),
      });
    await withReader(kit, user, async (reader) => {
      const walked = await walk(reader, async () => {}, "subject:number", 1);
      expect(walked.subjects.toSorted()).toEqual(subjects.toSorted());
    });
  });

  test("does not repeat an email that was moved to another mailbox of the search", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const start = day("2024-05-01").getTime();
    const emails = Array.from({ length: 16 }, (_, at) => ({ subject: `number ${at}`, at }));
    await kit.deliverAll(
      user,
      await Promise.all(
        emails.map(async ({ subject, at }) => ({
          raw: await toRaw({ subject, text: "x" }),
          mailbox: at % 7 === 0 ? "Archive" : "INBOX",
          date: new Date(start - at * 1000),
        })),
      ),
    );
    await withReader(kit, user, async (reader) => {
      const walked = await walk(reader, async (page) => {
        const ids = page.emails.filter(({ mailbox }) => mailbox === "INBOX").map(({ id }) => id);
        // The last position is found by second and UID, and the moved email has another UID there.
        if (ids.length > 1) await reader.mail.moveEmails(ids.slice(0, -1), "archive");
      });
      expect(walked.subjects).toEqual(emails.map(({ subject }) => subject));
    });
  });

  test("accepts its cursor for the same request only", async () => {
    const { kit, user } = await filled();
    await withReader(kit, user, async ({ mail }) => {
      const { cursor = "" } = await mail.searchEmails({ query: "subject:number", limit: 5 });
      expect((await refusal(mail.searchEmails({ query: "number", limit: 5, cursor }))).code).toBe(
        "cursor_expired",
      );
      expect((await refusal(mail.searchEmails({ query: "number", limit: 5, cursor: "x" }))).code).toBe(
        "cursor_expired",
      );
      expect((await refusal(mail.listEmails({ mailbox: "inbox", limit: 5, cursor }))).code).toBe(
        "cursor_expired",
      );
    });
  });
});

describe.skipIf(!hasMailServer)("a mail server with nothing but the bare protocol", () => {
  test("is searched in the same order, and its mailboxes have roles by name and counts", async () => {
    const kit = await mailServer({ settings: "imap_capability = IMAP4rev1 SASL-IR ID AUTH=PLAIN" });
    const user = await kit.newUser();
    await kit.withImap(user, async (imap) => {
      await imap.mailboxCreate("Gesendete Objekte");
      await imap.mailboxCreate("迷惑メール");
    });
    // Appended in another order than they arrived.
    for (const [subject, date] of [
      ["third", "2024-03-03"],
      ["first", "2024-03-01"],
      ["fourth", "2024-03-04"],
      ["second", "2024-03-02"],
    ] as const)
      await kit.deliver(user, await toRaw({ subject: `number ${subject}`, text: "x" }), {
        mailbox: "Archive",
        date: day(date),
      });
    await withReader(kit, user, async ({ mail }) => {
      const mailboxes = await mail.listMailboxes();
      expect(mailboxes.find(({ path }) => path === "Archive")).toEqual({
        path: "Archive",
        role: "archive",
        total: 4,
        unread: 4,
      });
      expect(mailboxes.find(({ path }) => path === "迷惑メール")?.role ?? "none").toBeOneOf(["junk", "none"]);
      const first = await mail.searchEmails({ query: "subject:number", limit: 3 });
      expect(subjects(first)).toEqual(["number fourth", "number third", "number second"]);
      const { cursor = "" } = first;
      expect(subjects(await mail.searchEmails({ query: "subject:number", limit: 3, cursor }))).toEqual([
        "number first",
      ]);
      const recent = await mail.listEmails({ mailbox: "archive", limit: 2 });
      const older = await mail.listEmails({ mailbox: "archive", limit: 2, cursor: recent.cursor ?? "" });
      expect([...subjects(recent), ...subjects(older)]).toEqual([
        "number second",
        "number fourth",
        "number first",
        "number third",
      ]);
    });
  });
});

test("a partly searched mailbox is described as such, and an unsearched one as not searched", () => {
  const reason = "took too long";
  const skipped = [
    { mailbox: "Archive", reason },
    { mailbox: "INBOX", reason: "only the newest 3000 were looked at" },
    { mailbox: "Lists", reason },
  ];
  expect(showSkipped({ searched: ["INBOX", "Sent"], skipped }).split("\n")).toEqual([
    "Searched in part: INBOX (only the newest 3000 were looked at).",
    "Not searched: Archive, Lists (took too long).",
  ]);
});

test("of hundreds of searched mailboxes some are named and the others counted", () => {
  const some = (count: number) => Array.from({ length: count }, (_, at) => `M${at}`);
  expect(showSearched(some(2))).toBe("Searched: M0, M1.");
  expect(showSearched(some(16))).toEndWith("M14, M15.");
  expect(showSearched(some(200))).toEndWith("M13, M14, and 185 other mailboxes.");
});

test("mailboxes of several accounts are listed with each address once", () => {
  const accounts = ["ann@example.org", "ben@example.org"];
  const searched = ["ann@example.org: INBOX", "ann@example.org: Sent", "ben@example.org: A: b"];
  const reason = "only when named";
  const skipped = accounts.map((address) => ({ mailbox: `${address}: Trash`, reason }));
  expect([showSearched(searched, accounts), showSkipped({ searched, skipped }, accounts)]).toEqual([
    "Searched: ann@example.org: INBOX, Sent; ben@example.org: A: b.",
    "Not searched: ann@example.org: Trash; ben@example.org: Trash (only when named).",
  ]);
});
