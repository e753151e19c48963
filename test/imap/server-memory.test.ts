/** The memory of a mail server: the next call asks it rightly at once, also another person's. */
import { expect, spyOn, test } from "bun:test";
import { LRUCache } from "lru-cache";
import { createServerMemory } from "../../src/imap/server-memory.ts";
import { type Access, createAccess } from "../../src/mail/access.ts";
import { searchEmails } from "../../src/mail/search/search.ts";
import { findByMessageId } from "../../src/mail/sending/append-once.ts";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { inSequence, refusing, unnamed, withoutCapabilities } from "../support/imap-rewrites.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { localRenderer, openReader } from "../support/reader.ts";
import { raw } from "../support/small-mailbox.ts";
import { createTestClock } from "../support/test-clock.ts";

const withoutSort = inSequence(
  withoutCapabilities("SORT", "SORT=DISPLAY", "THREAD=REFERENCES", "THREAD=REFS"),
  unnamed,
);

type Kind = {
  rewrite: ImapRewrite;
  /** Asked of each person; a rejection counts as an answer. */
  ask(access: Access): Promise<unknown>;
  /** The commands that such a server does not answer rightly. */
  wrong: RegExp;
  fact: string;
};

const search = (query: string) => (access: Access) =>
  searchEmails(access, { query, mailbox: "inbox", limit: 5 });

const kinds: Readonly<Record<string, Kind>> = {
  "refuses OR": {
    rewrite: { command: refusing(/SEARCH.* OR /i, "TAG NO [SERVERBUG] Server error"), answer: withoutSort },
    ask: search("subject:private OR subject:other"),
    wrong: / OR /,
    fact: "refuses_or",
  },
  "refuses HEADER": {
    rewrite: { command: refusing(/SEARCH.* HEADER /i, "TAG NO Server error"), answer: withoutSort },
    ask: (access) => access.read("INBOX", (imap) => findByMessageId(imap, "<private@example.test>")),
    wrong: / HEADER /,
    fact: "refuses_header",
  },
  "answers ESEARCH without ALL": {
    rewrite: {
      answer: inSequence(withoutSort, (answer) =>
        answer.startsWith("* ESEARCH") ? answer.replace(/ ALL \S+/, "") : answer,
      ),
    },
    ask: search("subject:private"),
    wrong: /RETURN/,
    fact: "esearch_without_all",
  },
  "answers BAD to CHARSET": {
    rewrite: { command: refusing(/SEARCH.*CHARSET/i, "TAG BAD invalid argument"), answer: withoutSort },
    ask: search("privé"),
    wrong: /CHARSET/,
    fact: "refuses_charset",
  },
};

describeMail.each(Object.entries(kinds))("A server that %s", (_, { rewrite, ask, wrong, fact }) => {
  test("is asked rightly from the second call on, also for another person, of whom nothing is kept", async () => {
    const kit = await mailServer();
    const stored = spyOn(LRUCache.prototype, "set");
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    for (const user of [ann, ben]) await kit.deliver(user, raw("private"));
    const proxy = await startImapProxy(kit, rewrite);
    const reader = openReader(kit, ann, proxy.imap);
    const { connections } = reader;
    const credentials = { ...ben, username: ben.address, provider: "generic", imap: proxy.imap };
    const bens = createAccess({
      owner: { grantId: "grt_2", accountId: "acc_00000002", credentials },
      connections,
      signal: AbortSignal.timeout(30_000),
      clock: createTestClock(),
      renderer: localRenderer,
    });
    const countWrong = () => proxy.commands.filter((line) => /SEARCH/.test(line) && wrong.test(line)).length;
    try {
      const first = await settle(ask(reader.access));
      const before = countWrong();
      expect(before).toBeGreaterThan(0);
      expect(await settle(ask(reader.access))).toEqual(first);
      await settle(ask(bens));
      expect(countWrong()).toBe(before);
      const memory = stored.mock.calls.filter(([key]) => key === `localhost:${proxy.imap.port}`);
      expect(memory.length).toBeGreaterThan(0);
      for (const [, facts] of memory) {
        const entries = [...(facts as Map<string, number>)];
        expect(entries.map(([name, until]) => [name, typeof until])).toEqual([[fact, "number"]]);
      }
    } finally {
      stored.mockRestore();
      await connections.close();
      await proxy.stop();
    }
  });
});

/** An answer, or the message of a refusal. */
const settle = (work: Promise<unknown>) => work.catch((error: Error) => error.message);

test("A fact about a server is forgotten after a day and holds for its host and port alone", () => {
  const clock = createTestClock();
  const memory = createServerMemory({ clock });
  memory.factsOf({ host: "imap.example.test", port: 993 }).remember("refuses_or");
  const isKnown = (host: string, port: number) => memory.factsOf({ host, port }).has("refuses_or");
  expect([
    isKnown("IMAP.example.test", 993),
    isKnown("imap.example.test", 143),
    isKnown("a.test", 993),
  ]).toEqual([true, false, false]);
  clock.advance(24 * 60 * 60_000);
  expect(isKnown("imap.example.test", 993)).toBe(false);
});
