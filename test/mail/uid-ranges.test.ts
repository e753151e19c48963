/** Mailboxes searched in UID ranges: same results as in one search, few round trips, and partial results on time-out. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { EmailPage } from "../../src/mail/reading.ts";
import { searchEmails } from "../../src/mail/search/search.ts";
import { type RangeSizes, rangeSizes } from "../../src/mail/search/uid-ranges.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { toRaw } from "../support/emails.ts";
import { startImapProxy } from "../support/imap-proxy.ts";
import { hasMailServer } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openReader, type Reader } from "../support/reader.ts";
import { refusal } from "../support/refusal.ts";
import { eventually } from "../support/waiting.ts";

const count = 160;
const sizes: RangeSizes = { whole: 50, wholeText: 20, largest: 60 };
const patienceMs = 20_000;
const bare = "imap_capability = IMAP4rev1 SASL-IR ID AUTH=PLAIN";

const subjects = (page: EmailPage) => page.emails.map(({ subject }) => subject);

/** Every tenth arrived at another time than its UID suggests; groups of three share a second. */
function dateOf(at: number): Date {
  const day = at % 10 === 7 ? (at * 37) % count : at;
  return new Date(Date.UTC(2024, 0, 1) + Math.floor(day / 3) * 86_400_000);
}

async function fill(kit: MailServerKit, date = dateOf): Promise<User> {
  const user = await kit.newUser();
  const raw = (await toRaw({ subject: "number 0", text: "Some words." })).toString();
  await kit.deliverAll(
    user,
    Array.from({ length: count }, (_, at) => ({
      raw: raw
        .replace("number 0", `number ${at}`)
        .replace("Some words", at % 4 === 0 ? "Rare words" : "Words"),
      date: date(at),
    })),
  );
  return user;
}

/** All pages; `between` runs after each. */
async function walk(
  { access }: Reader,
  query: string,
  limits: { patienceMs: number; sizes: RangeSizes },
  between: (page: EmailPage) => Promise<void> = async () => {},
): Promise<{ subjects: string[]; totals: number[] }> {
  const walked = { subjects: [] as string[], totals: [] as number[] };
  let cursor: string | undefined;
  do {
    const request = { query, mailbox: "inbox", limit: 12, ...(cursor ? { cursor } : {}) };
    const page = await searchEmails(access, request, limits);
    expect(page.skipped).toEqual([]);
    walked.subjects.push(...subjects(page));
    walked.totals.push(page.total);
    await between(page);
    ({ cursor } = page);
  } while (cursor && walked.totals.length < count);
  return walked;
}

describe.skipIf(!hasMailServer)("A mailbox searched in slices", () => {
  for (const [server, settings] of [
    ["with SORT (RFC 5256)", ""],
    ["with nothing but the bare protocol", bare],
  ] as const)
    describe(`on a server ${server}`, () => {
      let kit: MailServerKit;
      let reader: Reader;
      beforeAll(async () => {
        kit = await mailServer(settings ? { settings } : {});
        reader = openReader(kit, await fill(kit));
      });
      afterAll(async () => {
        await reader?.connections.close();
      });

      for (const query of ["subject:number", "subject:number rare", "subject:number -rare is:unread"])
        test(`answers ${query} page by page as one search would`, async () => {
          const whole = await walk(reader, query, { patienceMs, sizes: rangeSizes });
          const sliced = await walk(reader, query, { patienceMs, sizes });
          expect(sliced).toEqual(whole);
          expect(new Set(sliced.subjects).size).toBe(sliced.totals[0] ?? 0);
        });

      test("neither repeats nor skips while mail arrives and shown emails are moved away", async () => {
        const user = await fill(kit);
        const own = openReader(kit, user);
        const expected = await walk(own, "subject:number", { patienceMs, sizes: rangeSizes });
        const walked = await walk(own, "subject:number", { patienceMs, sizes }, async ({ emails }) => {
          await own.mail.moveEmails(
            emails.filter((_, at) => at % 2 === 0).map(({ id }) => id),
            "trash",
          );
          await kit.deliver(user, await toRaw({ subject: "number new", text: "x" }));
        });
        expect(walked.subjects).toEqual(expected.subjects);
        await own.connections.close();
      });
    });

  test("is searched over two connections at once, and the rows are fetched with possibly newer ones", async () => {
    const kit = await mailServer();
    const user = await fill(kit, (at) => new Date(Date.UTC(2024, 0, 1 + at)));
    const proxy = await startCountingProxy(kit.imap.port);
    const { access, connections } = openReader(kit, user, { ...kit.imap, port: proxy.port });
    const halves = { ...sizes, largest: count };
    const request = { query: "subject:number", mailbox: "inbox", limit: 20 };
    try {
      // As one search, since it would wait for the second connection; that one is open for the next search.
      await searchEmails(access, request, { patienceMs, sizes: halves });
      await eventually(() => access.read("INBOX", async () => access.countIdle() > 0));
      await searchEmails(access, request, { patienceMs, sizes: halves });
      proxy.reset();
      const page = await searchEmails(access, request, { patienceMs, sizes: halves });
      expect(page.total).toBe(count);
      expect(proxy.count()).toMatchObject({ connections: 0 });
      expect(proxy.count().roundTrips).toBeLessThanOrEqual(3);
      expect(connections.count()).toBe(2);
    } finally {
      await connections.close();
      await proxy.stop();
    }
  });

  test("does not count emails that were removed over the account's other connection", async () => {
    const kit = await mailServer();
    const reader = openReader(kit, await fill(kit));
    const limits = { patienceMs, sizes };
    try {
      const request = { query: "subject:number", mailbox: "inbox", limit: 100 };
      await searchEmails(reader.access, request, limits);
      const all = await searchEmails(reader.access, request, limits);
      const some = all.emails.filter((_, at) => at % 2 === 0).map(({ id }) => id);
      await reader.mail.moveEmails(some, "trash");
      const left = await searchEmails(reader.access, request, limits);
      expect([all.total, left.total, left.emails.length]).toEqual([count, count - 50, 100]);
    } finally {
      await reader.connections.close();
    }
  });

  test("answers the newest when a slow server runs out of time, says so, and continues by date", async () => {
    const kit = await mailServer();
    const user = await fill(kit);
    // The oldest range is never answered.
    const proxy = await startImapProxy(kit, {
      command: (command) => (/(?<!NOT) UID 1:\d+ /.test(command) ? { say: "" } : command),
    });
    const { access, connections } = openReader(kit, user, proxy.imap);
    try {
      const request = { query: "number rare", mailbox: "inbox", limit: 5 };
      const page = await searchEmails(access, request, { patienceMs: 2_500, sizes });
      expect(proxy.commands.filter((command) => /SORT.* UID \d+:/.test(command)).length).toBe(4);
      expect(page.emails.length).toBe(5);
      expect(page.total).toBe(30);
      const [skipped] = page.skipped;
      const before = /^only back to \d{4}-\d\d-\d\d, for time; search on with (before:\d{4}-\d\d-\d\d)$/.exec(
        skipped?.reason ?? "",
      )?.[1];
      const all = await walk(openReader(kit, user), "number rare", { patienceMs, sizes: rangeSizes });
      const later = await walk(openReader(kit, user), `number rare ${before}`, { patienceMs, sizes });
      expect((later.totals[0] ?? 0) + page.total).toBeGreaterThanOrEqual(all.totals[0] ?? 0);
    } finally {
      await connections.close();
      await proxy.stop();
    }
  });

  test("is refused as too slow when not even the newest range is searched in time", async () => {
    const kit = await mailServer();
    const proxy = await startImapProxy(kit, {
      command: (command) => (/ SORT /.test(command) ? { say: "" } : command),
    });
    const { access, connections } = openReader(kit, await fill(kit), proxy.imap);
    try {
      const request = { query: "number rare", mailbox: "inbox", limit: 5 };
      const refused = await refusal(searchEmails(access, request, { patienceMs: 500, sizes }));
      expect(refused.code).toBe("timed_out");
    } finally {
      await connections.close();
      await proxy.stop();
    }
  });
});
