/** Every reading tool on an account of 2,000 mailboxes and 1,000,000 emails, within its deadline and budgets. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type LargeImap, startLargeImap } from "../support/large-imap.ts";
import { openWriter, type Writer } from "../support/writer.ts";

const user = { address: "ann@example.test", password: "x" };
type Rows = { id: string; subject: string; unread: boolean }[];

/** A call's budgets: octets that the server may send for it, and characters of its answer. */
type Budget = { octets: number; characters: number };

const budgets = {
  /** One LIST of 2,000 names, with their counts. */
  mailboxes: { octets: 320_000, characters: 16_000 },
  list: { octets: 70_000, characters: 30_000 },
  email: { octets: 20_000, characters: 8_000 },
  /** Numbers of what matches, or ranges of them, in up to 2,000 mailboxes. */
  search: { octets: 6_000_000, characters: 40_000 },
} satisfies Record<string, Budget>;

/** Time that a call has in the product, in milliseconds. */
const deadlineMs = 45_000;

describe.each([
  ["with ESEARCH and LIST-STATUS", true],
  ["without extensions", false],
] as const)("A server %s and an account of 1,000,000 emails, 300,000 of them unread", (_, extensions) => {
  let server: LargeImap;

  beforeAll(async () => {
    server = await startLargeImap({ extensions });
  });

  afterAll(() => server?.stop());

  let writer: Writer | undefined;

  afterEach(async () => {
    await writer?.close();
    writer = undefined;
  });

  /** Opens an account whose calls have to end within the deadline of one. */
  async function openAccount(): Promise<void> {
    const kit = { imap: server.imap, smtp: server.imap };
    writer = await openWriter({ kit, user, signal: AbortSignal.timeout(deadlineMs) });
  }

  /** Calls a tool within its budgets. */
  async function call(tool: string, input: Record<string, unknown>, budget: Budget) {
    if (!writer) await openAccount();
    server.reset();
    const answer = await writer?.call(tool, input);
    const used = { octets: server.sent(), characters: answer?.text.length ?? 0 };
    const fits = used.octets <= budget.octets && used.characters <= budget.characters;
    expect({ tool, ...used, fits }).toEqual({ tool, ...used, fits: true });
    return answer ?? { text: "", data: {} };
  }

  test("list_mailboxes names all that fit and counts the rest", async () => {
    const { text } = await call("list_mailboxes", {}, budgets.mailboxes);
    expect(text).toMatch(/INBOX.*600,?000.*180,?000/);
  }, 60_000);

  test("get_recent_emails lists the newest, and the newest unread ones of 180,000", async () => {
    const newest = await call("get_recent_emails", { limit: 50 }, budgets.list);
    expect(newest.data).toMatchObject({ total: 600_000 });
    const unread = await call(
      "get_recent_emails",
      { limit: 50, unread_only: true },
      { ...budgets.search, characters: budgets.list.characters },
    );
    expect(unread.data).toMatchObject({ total: 180_000 });
    expect((unread.data.emails as Rows).every((row) => row.unread)).toBe(true);
  }, 120_000);

  test.each([
    ["is:unread", 255_000],
    ["from:sender7@example.test", 1_700],
    ["subject:needle in:inbox", 12],
    ["needle", 12],
    ["after:2024-06-01 is:unread", 9_000],
    ["in:archive older_than:5y", 50_000],
  ])(
    "search_emails %s answers within its time",
    async (query, atLeast) => {
      const { data } = await call("search_emails", { query, limit: 20 }, budgets.search);
      expect(data.total).toBeGreaterThanOrEqual(atLeast);
      expect((data.emails as Rows).length).toBe(Math.min(20, Number(data.total)));
    },
    120_000,
  );

  test("get_email and get_thread read one email and its thread", async () => {
    const listed = await call("get_recent_emails", { limit: 1 }, budgets.list);
    const [row] = listed.data.emails as Rows;
    const email = await call("get_email", { id: row?.id }, budgets.email);
    expect(email.text).toContain("These are the first words");
    const thread = await call("get_thread", { id: row?.id }, budgets.search);
    expect(thread.data.total).toBeGreaterThanOrEqual(6);
  }, 120_000);

  test("overview counts the newest emails of the inbox", async () => {
    const { data } = await call("overview", {}, { octets: 8_000_000, characters: 40_000 });
    expect(Number(data.total)).toBeGreaterThan(0);
  }, 120_000);
});
