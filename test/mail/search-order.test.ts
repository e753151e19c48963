/** Sorting on servers without SORT, and the two forms of search results, SEARCH and ESEARCH. */
import { describe, expect, test } from "bun:test";
import type { ImapFlow } from "imapflow";
import { atom } from "../../src/imap/raw-search.ts";
import { uidSearch } from "../../src/imap/uid-search.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { toRaw } from "../support/emails.ts";
import { startImapProxy } from "../support/imap-proxy.ts";
import { hasMailServer } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openReader } from "../support/reader.ts";

const count = 700;
const minuteMs = 60_000;

/** A date for each index, always the same one; neither in order of arrival nor all different. */
const minuteOf = (index: number) => (index * 389) % 600;

async function fill(kit: MailServerKit, user: User): Promise<string[]> {
  const raw = (await toRaw({ subject: "number 0", text: "x" })).toString();
  const start = Date.UTC(2024, 0, 1);
  await kit.deliverAll(
    user,
    Array.from({ length: count }, (_, at) => ({
      raw: raw.replace("number 0", `number ${at}`),
      mailbox: "INBOX",
      // Twelve hours on either side of midnight, over weeks.
      date: new Date(start + minuteOf(at) * 45 * minuteMs),
    })),
  );
  return Array.from({ length: count }, (_, at) => at)
    .sort((a, b) => minuteOf(b) - minuteOf(a) || b - a)
    .map((at) => `number ${at}`);
}

describe.skipIf(!hasMailServer)(
  "a server without SORT (RFC 5256) and with more matches than are looked at",
  () => {
    for (const esearch of ["", " ESEARCH"]) {
      test(`is read page by page in order of arrival without fetching every date${esearch && ", and answers in ranges"}`, async () => {
        const kit = await mailServer({
          settings: `imap_capability = IMAP4rev1 SASL-IR ID AUTH=PLAIN${esearch}`,
        });
        const proxy = await startCountingProxy(kit.imap.port);
        try {
          const user = await kit.newUser();
          const expected = await fill(kit, user);
          const { mail, connections } = openReader(kit, user, { ...kit.imap, port: proxy.port });
          const request = { query: "subject:number", mailbox: "inbox", limit: 100 };
          await mail.searchEmails({ ...request, limit: 1 });
          const seen: string[] = [];
          const costs: number[] = [];
          let cursor: string | undefined;
          do {
            proxy.reset();
            const page = await mail.searchEmails({ ...request, ...(cursor ? { cursor } : {}) });
            costs.push(proxy.count().roundTrips);
            expect(page.total).toBe(count);
            expect(page.skipped).toEqual([]);
            seen.push(...page.emails.map(({ subject }) => subject));
            ({ cursor } = page);
          } while (cursor && seen.length <= count);
          expect(seen).toEqual(expected);
          // A search, the dates of the highest UIDs, other candidates, their dates, and the rows; a position to continue
          // from and a second guess take two more.
          expect(Math.max(...costs)).toBeLessThanOrEqual(8);
          await connections.close();
        } finally {
          await proxy.stop();
        }
      });
    }
  },
);

test.skipIf(!hasMailServer)(
  "a server that refuses the SORT it offers is read in the same order",
  async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    for (const at of [3, 1, 2])
      await kit.deliver(user, await toRaw({ subject: `number ${at}`, text: "x" }), {
        date: new Date(Date.UTC(2024, 0, at)),
      });
    for (const say of ["TAG NO not today\r\n", "TAG BAD what?\r\n"]) {
      const proxy = await startImapProxy(kit, {
        command: (command) => (/^\S+ UID SORT /.test(command) ? { say } : command),
      });
      const { mail, connections } = openReader(kit, user, proxy.imap);
      const { emails } = await mail.searchEmails({ query: "subject:number", mailbox: "inbox", limit: 5 });
      expect(emails.map(({ subject }) => subject)).toEqual(["number 3", "number 2", "number 1"]);
      await connections.close();
      await proxy.stop();
    }
  },
);

type Exec = { command: string; attributes: readonly unknown[] };

/** A connection that answers each command with this ESEARCH. */
function answering(ranges: string, capabilities: string[]): { imap: ImapFlow; sent: Exec[] } {
  const sent: Exec[] = [];
  const untagged = {
    attributes: [
      [{ value: "TAG" }, { value: "A1" }],
      { value: "UID" },
      ...(ranges === "" ? [] : [{ value: "ALL" }, { value: ranges }]),
    ],
  };
  const imap = {
    capabilities: new Map(capabilities.map((name) => [name, true])),
    enabled: new Set<string>(),
    mailbox: { exists: 0, uidValidity: 7n },
    async exec(
      command: string,
      attributes: readonly unknown[],
      options: { untagged: Record<string, (answer: typeof untagged) => Promise<void>> },
    ) {
      sent.push({ command, attributes });
      await options.untagged.ESEARCH?.(untagged);
      return { next() {} };
    },
  };
  return { imap: imap as unknown as ImapFlow, sent };
}

describe("The result of a search", () => {
  test("comes as ESEARCH under IMAP4rev2 without being requested (RFC 9051 section 7.3.4)", async () => {
    const { imap, sent } = answering("9,2:4", []);
    expect(await uidSearch(imap, [atom("ALL")])).toEqual([2, 3, 4, 9]);
    expect(sent).toEqual([{ command: "UID SEARCH", attributes: [atom("ALL")] }]);
  });

  test("is requested in ranges where the server has ESEARCH, and holds no ALL when nothing matched (RFC 4731 section 3.1)", async () => {
    const { imap, sent } = answering("", ["ESEARCH"]);
    expect(await uidSearch(imap, [atom("SEEN")])).toEqual([]);
    expect(sent[0]?.attributes).toEqual([atom("RETURN"), [atom("ALL"), atom("COUNT")], atom("SEEN")]);
  });

  test("may hold descending ranges and duplicate UIDs", async () => {
    expect(await uidSearch(answering("5:3,4", []).imap, [atom("ALL")])).toEqual([3, 4, 5]);
  });

  for (const ranges of ["1:4294967295", "1:*", "x", "1,,2", "-1:3", "1:1900000,2000000:4000000"])
    test(`${ranges} is refused without allocating memory for it`, async () => {
      await expect(uidSearch(answering(ranges, []).imap, [atom("ALL")])).rejects.toMatchObject({
        code: "mail_server_failed",
      });
    });
});
