/** search_emails over a real Dovecot: the query language over several mailboxes. */
import { beforeAll, describe, expect, test } from "bun:test";
import type { AppError } from "../../src/errors.ts";
import type { EmailPage } from "../../src/mail/reading.ts";
import { toRaw } from "../support/emails.ts";
import { hasMailServer } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { withReader } from "../support/reader.ts";
import { refusal } from "../support/refusal.ts";

const day = (date: string) => new Date(`${date}T12:00:00Z`);
const subjects = (page: EmailPage) => page.emails.map(({ subject }) => subject);

describe.skipIf(!hasMailServer)("search_emails", () => {
  let kit: MailServerKit;
  let user: User;

  const search = (query: string, more: { mailbox?: string; limit?: number } = {}) =>
    withReader(kit, user, ({ mail }) => mail.searchEmails({ query, limit: 20, ...more }));

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    const pdf = { filename: "Invoice 42.pdf", content: Buffer.from("%PDF-1.4") };
    const emails = [
      {
        subject: "Lunch on Thursday",
        from: "Carl <carl@example.org>",
        text: "Shall we meet at the harbour?",
        at: "2024-03-01",
      },
      {
        subject: "Invoice",
        from: "billing@shop.example",
        text: "Please pay.",
        attachments: [pdf],
        at: "2024-03-05",
      },
      {
        subject: "Grüße aus Köln",
        from: "Dora <dora@example.org>",
        text: "Schöne Grüße vom Rhein",
        at: "2024-03-10",
      },
      {
        subject: "Team list",
        from: "Ann <ann@example.test>",
        text: "weekly words",
        headers: { "List-Id": "Team <team.example.org>" },
        at: "2024-03-15",
      },
      { subject: "Large one", from: "Carl <carl@example.org>", text: "x ".repeat(30_000), at: "2024-03-20" },
    ];
    for (const { at, ...email } of emails) await kit.deliver(user, await toRaw(email), { date: day(at) });
    await kit.deliver(user, await toRaw({ subject: "Read and starred", text: "harbour lights" }), {
      date: day("2024-03-25"),
      flags: ["\\Seen", "\\Flagged", "\\Answered"],
    });
    await kit.deliver(user, await toRaw({ subject: "Archived", text: "old harbour" }), {
      mailbox: "Archive",
      date: day("2023-01-01"),
    });
    await kit.deliver(user, await toRaw({ subject: "Thrown away", text: "harbour" }), {
      mailbox: "Trash",
      date: day("2024-04-01"),
    });
    await kit.deliver(user, await toRaw({ subject: "Unwanted", text: "harbour" }), {
      mailbox: "Junk",
      date: day("2024-04-02"),
    });
  });

  test.each<[string, string[]]>([
    ["harbour", ["Read and starred", "Lunch on Thursday", "Archived"]],
    ['"meet at the harbour"', ["Lunch on Thursday"]],
    ["meet harbour", ["Lunch on Thursday"]],
    ["from:carl", ["Large one", "Lunch on Thursday"]],
    ["from:carl subject:lunch", ["Lunch on Thursday"]],
    ["from:carl from:example.org subject:large subject:one", ["Large one"]],
    ["to:ben subject:archived", ["Archived"]],
    ["subject:(large one)", ["Large one"]],
    ["subject:{lunch invoice}", ["Invoice", "Lunch on Thursday"]],
    ["{lunch invoice}", ["Invoice", "Lunch on Thursday"]],
    ["lunch OR invoice", ["Invoice", "Lunch on Thursday"]],
    ['"or" from:carl', ["Large one", "Lunch on Thursday"]],
    ["from:carl lunch OR invoice", ["Lunch on Thursday"]],
    ["from:carl -lunch", ["Large one"]],
    ["from:carl -(lunch OR invoice)", ["Large one"]],
    ["subject:grüße", ["Grüße aus Köln"]],
    ["rhein köln", ["Grüße aus Köln"]],
    ["body:weekly", ["Team list"]],
    ["after:2024-03-10 before:2024-03-20", ["Team list", "Grüße aus Köln"]],
    ["on:2024-03-05", ["Invoice"]],
    ["newer:2024-03-10 older:2024-03-20", ["Team list", "Grüße aus Köln"]],
    ["from:carl@example.org, subject:lunch", ["Lunch on Thursday"]],
    ["before:2023-06-01", ["Archived"]],
    ["is:starred", ["Read and starred"]],
    ["is:read", ["Read and starred"]],
    ["is:answered", ["Read and starred"]],
    ["is:unread from:carl", ["Large one", "Lunch on Thursday"]],
    ["-is:unread", ["Read and starred"]],
    ["has:attachment", ["Invoice"]],
    ["from:example.org -has:attachment after:2024-03-16", ["Large one"]],
    ["has:attachment OR is:starred", ["Read and starred", "Invoice"]],
    ["filename:invoice", ["Invoice"]],
    ["filename:pdf", ["Invoice"]],
    ["filename:*.pdf", ["Invoice"]],
    ["-filename:pdf from:shop.example", []],
    // Dovecot 2.3 uses the wrong one of several negated dates or sizes in one search.
    ["-larger:50K -larger:500K from:carl", ["Lunch on Thursday"]],
    ["-on:2024-03-01 OR -on:2024-03-20 from:carl", ["Large one", "Lunch on Thursday"]],
    ["-after:2024-03-05 -after:2024-03-10 in:inbox", ["Lunch on Thursday"]],
    ["-(before:2024-03-10 OR before:2024-03-20 OR is:starred)", ["Large one"]],
    ["larger:50K", ["Large one"]],
    ["smaller:2K subject:lunch", ["Lunch on Thursday"]],
    ["list:team.example.org", ["Team list"]],
    ["list:team@example.org", ["Team list"]],
    ["list:other@example.org", []],
    ["list:*", ["Team list"]],
    ["in:trash harbour", ["Thrown away"]],
    ["in:archive harbour", ["Archived"]],
    ["in:anywhere harbour", ["Unwanted", "Thrown away", "Read and starred", "Lunch on Thursday", "Archived"]],
    ["harbour -in:archive", ["Read and starred", "Lunch on Thursday"]],
    ["in:Trash", ["Thrown away"]],
    ["in:spam", ["Unwanted"]],
    ["in:INBOX subject:lunch", ["Lunch on Thursday"]],
    ["in:ARCHIVE OR in:Spam", ["Unwanted", "Archived"]],
    ["in:trash OR from:carl", ["Thrown away", "Large one", "Lunch on Thursday"]],
    ["{in:archive in:junk} harbour", ["Unwanted", "Archived"]],
    ["(in:archive subject:archived) OR (in:inbox subject:lunch)", ["Lunch on Thursday", "Archived"]],
    ["harbour -(in:archive OR subject:lunch)", ["Read and starred"]],
    ["in:anywhere harbour -in:inbox", ["Unwanted", "Thrown away", "Archived"]],
    ["harbour OR subject:invoice -in:anywhere OR in:archive", ["Archived"]],
    ["in:trash OR in:junk OR in:archive", ["Unwanted", "Thrown away", "Archived"]],
    ["has:attachment OR in:archive", ["Invoice", "Archived"]],
    ["newer_than:1y", []],
    ["older_than:1y harbour in:inbox", ["Read and starred", "Lunch on Thursday"]],
    ["nothinglikethis", []],
  ])("%s", async (query, expected) => {
    expect(subjects(await search(query))).toEqual(expected);
  });

  test("says which mailboxes were searched, how many emails match, and which mailboxes were left out and why", async () => {
    const page = await search("harbour", { limit: 1 });
    expect(page.total).toBe(3);
    expect(page.emails).toHaveLength(1);
    expect(page.searched).toEqual(
      ["INBOX", "Archive", "Drafts", "Sent"].sort(
        (a, b) => page.searched.indexOf(a) - page.searched.indexOf(b),
      ),
    );
    expect(page.skipped.map(({ mailbox }) => mailbox).sort()).toEqual(["Junk", "Trash"]);
    expect(page.cursor).toBeString();
  });

  test("searches exactly the mailboxes that a query names, and says which", async () => {
    const pages = async (query: string, mailbox?: string) => {
      const { searched, skipped } = await search(query, mailbox === undefined ? {} : { mailbox });
      return { searched: searched.toSorted(), skipped: skipped.map((one) => Object.values(one).join(": ")) };
    };
    const binned = "only when named, or with in:anywhere";
    expect(await pages("in:trash OR in:archive")).toEqual({ searched: ["Archive", "Trash"], skipped: [] });
    expect(await pages("in:trash OR harbour")).toEqual({
      searched: ["Archive", "Drafts", "INBOX", "Sent", "Trash"],
      skipped: [`Junk: ${binned}`],
    });
    expect((await pages("harbour -in:archive -in:trash")).skipped.toSorted()).toEqual([
      "Archive: left out by the query",
      `Junk: ${binned}`,
      "Trash: left out by the query",
    ]);
    // The tool's own argument counts as one more in:.
    expect(await pages("harbour -in:archive", "inbox")).toEqual({ searched: ["INBOX"], skipped: [] });
    expect(await pages("in:inbox OR in:archive", "archive")).toEqual({ searched: ["Archive"], skipped: [] });
    expect(await pages("harbour", "anywhere")).toEqual(await pages("harbour in:anywhere"));
    expect((await refusal(pages("in:inbox", "archive"))).message).toContain("one mailbox only");
    expect((await refusal(pages("in:inbox harbour in:archive"))).message).toContain("one mailbox only");
    expect((await refusal(pages("harbour -in:anywhere"))).code).toBe("mailbox_not_found");
  });

  test.each<[string, string]>([
    ["form:carl", 'nearest is "from:"'],
    ["category:work", "is not known"],
    ["since:2024-01-01", 'nearest is "after:"'],
    ["Re: lunch", 'no operator "re:".'],
    ["subject:Re: lunch", 'followed by "re:"'],
    ["type:pdf", 'nearest is "filename:"'],
    ["after:yesterday", "is not a date"],
    ["after:2024-02-30", "is not a date"],
    ["before:0001-01-01", "is not a date"],
    ["after:9999-01-01", "is not a date"],
    ["after:x", "is not a date"],
    ["larger:big", "is not a size"],
    ["newer_than:soon", "is not a span"],
    ["is:important", '"is:important" is not known'],
    ["has:drive", '"has:drive" is not known'],
    ['"open', "not closed"],
    ["(open", "not closed"],
    ["close)", "not opened"],
    ["from:", "has no value"],
    ['subject:""', "empty"],
    ["OR lunch", "OR stands"],
    ["from:carl or from:dora", "small letters"],
    ["lunch and (invoice dinner)", "small letters"],
    ["not is:read", "small letters"],
    ["lunch OR", "ends where"],
    ["   ", "empty"],
    ["*", "finds nothing"],
    ["filename:***", "finds nothing"],
    ["older:7d", "is not a date"],
    ["is:sent", '"is:sent" is not known'],
  ])("refuses %s and says why", async (query, words) => {
    const error = await refusal(search(query));
    expect(error.code).toBe("unsupported_query");
    expect(error.message).toContain(words);
  });

  test("I09: line breaks, literals and quotes in a query are text; lone surrogates and controls are refused", async () => {
    for (const query of [
      "harbour\r\nA1 LOGOUT",
      "harbour {5}nothinglikethis",
      "back\\slash",
      "100% *star* per%cent",
      "harbour\u2028nothinglikethis",
    ]) {
      const outcome = await search(query, { mailbox: "inbox" }).then(
        (page) => page.total,
        (error: AppError) => error.code,
      );
      expect([0, "unsupported_query"]).toContain(outcome);
    }
    for (const query of [
      "harbour\u0000",
      "\ud800",
      "a\u0007b",
      "word ".repeat(5000),
      "(".repeat(50),
      `${"-".repeat(60)}x`,
    ])
      expect((await refusal(search(query))).code).toBe("unsupported_query");
    expect(subjects(await search("harbour", { mailbox: "inbox" }))).toEqual([
      "Read and starred",
      "Lunch on Thursday",
    ]);
  });

  test("an unknown mailbox is named in the error", async () => {
    expect((await refusal(search("harbour", { mailbox: "No such" }))).code).toBe("mailbox_not_found");
    expect((await refusal(search("harbour in:nowhere"))).code).toBe("mailbox_not_found");
    expect((await refusal(search("harbour in:all"))).message).toContain("search with in:anywhere");
    for (const [query, mailbox] of [
      ["harbour in:Archiv"],
      ["harbour -in:archives"],
      ["lunch OR in:archve"],
      ["harbour", "Archiv"],
      ["harbour", "Acrhive"],
    ] as const) {
      const error = await refusal(search(query, mailbox === undefined ? {} : { mailbox }));
      expect([error.code, error.message]).toEqual([
        "mailbox_not_found",
        expect.stringContaining('nearest is "Archive"'),
      ]);
    }
  });
});
