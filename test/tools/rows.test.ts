import { expect, test } from "bun:test";
import { type ListedPage, showRow } from "../../src/tools/rows.ts";

const row: ListedPage["emails"][number] = {
  id: "the-id",
  from: { name: "Ann", address: "Ann@Example.test" },
  to: [{ name: "Ben", address: "ben@example.test" }, { address: "carl@example.test" }],
  subject: "Lunch",
  date: "2026-11-20T09:12:30+01:00",
  mailbox: "Sent",
  unread: false,
  flagged: false,
  answered: false,
  attachments: 0,
  size: 2048,
  snippet: "",
};
const page: ListedPage = {
  accounts: ["ann@example.TEST"],
  emails: [row],
  total: 1,
  searched: ["Sent"],
  skipped: [],
};

test("the row of an email from the account's own address, in any case, names its recipients", () => {
  expect(showRow(row, 1, page)).toBe(
    "1. 2026-11-20T09:12+01:00 to Ben <ben@example.test>, carl@example.test: Lunch [2 KB]\n   the-id",
  );
  const both = { ...page, accounts: ["ann@example.test", "ben@example.test"] };
  expect(showRow({ ...row, account: "ann@example.test" }, 1, both)).toContain(" to Ben <ben@example.test>");
  expect(showRow({ ...row, account: "ben@example.test" }, 1, both)).toContain(" Ann <Ann@Example.test>: ");
  expect(showRow({ ...row, to: [] }, 1, page)).toContain(" to nobody: Lunch");
  expect(showRow(row, 1, { ...page, accounts: ["ben@example.test"] })).toContain(" Ann <Ann@Example.test>: ");
});
