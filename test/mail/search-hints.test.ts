/** Hints of search_emails: why nothing matches, and that days were compared with the arrival. */
import { expect, test } from "bun:test";
import { formatQuery } from "../../src/query/format-query.ts";
import { parseQuery } from "../../src/query/parse-query.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { raw } from "../support/small-mailbox.ts";
import { createTestClock } from "../support/test-clock.ts";
import { withWriter } from "../support/writer.ts";

describeMail("A search", () => {
  test("that finds nothing says what each part finds alone, and which beginning of a word finds something", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    for (const subject of ["Invoice 3", "Invoice 4", "Lunch"]) await kit.deliver(user, raw(subject));
    await kit.deliver(user, raw("Invoice 5"), { mailbox: "Archive" });
    await withWriter({ kit, user }, async (writer) => {
      const hintsOf = async (query: string) => (await writer.call("search_emails", { query })).data.hints;
      expect(await hintsOf("from:ben invoices")).toEqual([
        "Each part alone: from:ben finds 4, invoices finds 0.",
        "invoice finds 3.",
      ]);
      expect(await hintsOf("subject:lunches")).toEqual(["subject:lunch finds 1."]);
      expect(await hintsOf("is:starred from:ben in:inbox")).toEqual([
        "Each part alone: is:starred finds 0, from:ben finds 3.",
      ]);
      expect(await hintsOf("xyzzy")).toBeUndefined();
      expect(await hintsOf("invoice")).toBeUndefined();
      const { text } = await writer.call("search_emails", { query: "from:ben invoices" });
      expect(text).toContain("Nothing matches.");
      expect(text).toContain("invoice finds 3.");
    });
  });

  test("by days says that it went by arrival, where that differs from the date by more than a day", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, `Date: Mon, 01 Jan 2024 12:00:00 +0000\n${raw("imported")}`, {
      date: new Date("2026-03-01T12:00:00Z"),
    });
    await withWriter({ kit, user }, async (writer) => {
      const hintsOf = async (query: string) => (await writer.call("search_emails", { query })).data.hints;
      expect(JSON.stringify(await hintsOf("after:2026-02-01"))).toContain("compared with the arrival");
      expect(await hintsOf("sent_before:2024-02-01")).toBeUndefined();
    });
  });
});

test("a query written from its tree is read as the same tree", () => {
  const context = { clock: createTestClock(Date.UTC(2026, 10, 20)), self: "ann@example.test" };
  for (const query of [
    'from:me to:ben cc:x "two words" -subject:(a OR "b c") is:unread is:starred -is:answered',
    "larger:5M smaller:1K filename:pdf has:attachment list:* list:news in:sent keyword:$work label:later",
    "{a b} after:2026-01-31 before:2026-02-28 sent_after:2026-01-01 older_than:1m",
  ]) {
    const tree = parseQuery(query, context);
    expect(parseQuery(formatQuery(tree).slice(1, -1), context)).toEqual(tree);
  }
});
