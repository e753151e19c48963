/** Properties of a search over several accounts, for any division into pages. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { MailAccount } from "../../src/mail/mail-account.ts";
import type { EmailRow } from "../../src/mail/reading.ts";
import { searchAccounts } from "../../src/tools/search-accounts.ts";

const signal = new AbortController().signal;

/** An account with an email for each of these minutes, listed newest first in pages of at most `maxRows`. */
function fakeAccount(name: string, minutes: readonly number[], maxRows: number): MailAccount {
  const rows = minutes
    .toSorted((a, b) => b - a)
    .map((minute, at) => ({ id: `${name}${at}`, date: new Date(minute * 60_000).toISOString() }) as EmailRow);
  const searchEmails: MailAccount["searchEmails"] = async ({ limit, cursor = "0" }) => {
    const from = Number(cursor);
    const emails = rows.slice(from, from + Math.min(limit, maxRows));
    const end = from + emails.length;
    const page = { emails, total: rows.length, searched: ["INBOX"], skipped: [] };
    return end < rows.length ? { ...page, cursor: String(end) } : page;
  };
  return { accountId: `acc_${name}`, address: `${name}@example.test`, searchEmails } as MailAccount;
}

test("every row is returned once, newest first, even when a server returns fewer rows than requested", async () => {
  const minutes = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 12 });
  const accounts = fc.array(fc.tuple(minutes, fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(accounts, fc.integer({ min: 1, max: 6 }), async (of, limit) => {
      const connected = of.map(([arrived, maxRows], at) => fakeAccount("abc"[at] ?? "", arrived, maxRows));
      const seen: EmailRow[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < 60; page += 1) {
        const request = { query: "q", limit, cursor };
        const answer = await searchAccounts(connected, request, signal);
        expect(answer.emails.length).toBeLessThanOrEqual(limit);
        seen.push(...answer.emails);
        cursor = answer.cursor;
        if (cursor === undefined) break;
      }
      const dates = seen.map(({ date }) => date);
      expect(dates).toEqual(dates.toSorted().reverse());
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
      expect(seen.length).toBe(of.reduce((sum, [arrived]) => sum + arrived.length, 0));
    }),
  );
});
