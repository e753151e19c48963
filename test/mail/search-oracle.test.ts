/** search_emails against a naive evaluation of the same query: results and order over pages of any size. */
import { beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { toRaw } from "../support/emails.ts";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openReader, type Reader } from "../support/reader.ts";

type Email = {
  name: string;
  mailbox: string;
  sender: string;
  topic: string;
  words: string;
  received: Date;
  read: boolean;
  file: string | undefined;
};

const dayMs = 86_400_000;
const start = Date.UTC(2024, 2, 1);
const of = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;

/** Emails around midnight, several in one second, over all mailboxes, with properties in varying combinations. */
const emails: Email[] = Array.from({ length: 48 }, (_, at) => ({
  name: `n${at}`,
  mailbox: of(["INBOX", "Archive", "Sent", "INBOX", "Trash"], at),
  sender: of(["Ann Lee <ann@example.org>", "Ben <ben@example.org>", "Carl <carl@shop.example>"], at),
  topic: of(["Grüße", "счёт", "lunch plan", "請求書"], Math.floor(at / 3)),
  words: of(["harbour lights", "pay Köln", "harbour plan"], Math.floor(at / 5)),
  received: new Date(start + (at % 6) * dayMs + of([0, -1000, 1000, 43_200_000], Math.floor(at / 2))),
  read: at % 7 < 3,
  file: of([undefined, "Übersicht.pdf", undefined, "notes.txt"], Math.floor(at / 4)),
}));

const day = ({ received }: Email) => Math.floor((received.getTime() - start) / dayMs);

/** A query text and the predicate that it stands for. */
const leaves: [string, (email: Email) => boolean][] = [
  ["harbour", ({ words }) => words.includes("harbour")],
  ["PLAN", ({ words, topic }) => `${words} ${topic}`.includes("plan")],
  ['"harbour plan"', ({ words }) => words === "harbour plan"],
  ["body:köln", ({ words }) => words.includes("Köln")],
  ["subject:(grüße OR 請求)", ({ topic }) => topic === "Grüße" || topic === "請求書"],
  ["subject:счёт", ({ topic }) => topic === "счёт"],
  ['from:"Ann Lee <ann@example.org>"', ({ sender }) => sender.startsWith("Ann")],
  ["from:example.org", ({ sender }) => sender.includes("example.org")],
  ["on:2024-03-02", (email) => day(email) === 1],
  ["after:2024/03/03", (email) => day(email) >= 2],
  ["before:2024-03-05", (email) => day(email) < 4],
  ["is:unread", ({ read }) => !read],
  ["has:attachment", ({ file }) => file !== undefined],
  ["filename:übersicht", ({ file }) => file === "Übersicht.pdf"],
  ["in:archive", ({ mailbox }) => mailbox === "Archive"],
  ["in:Sent", ({ mailbox }) => mailbox === "Sent"],
];

type Query = { text: string; holds(email: Email): boolean };

const joined = (parts: Query[], open: string, word: string, close: string): string =>
  `${open}${parts.map(({ text }) => text).join(word)}${close}`;

const query = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom(...leaves).map(([text, holds]): Query => ({ text, holds })),
    tie("query").map(({ text, holds }): Query => ({ text: `-(${text})`, holds: (email) => !holds(email) })),
    fc.array(tie("query"), { minLength: 2, maxLength: 3 }).map(
      (parts): Query => ({
        text: joined(parts, "(", " ", ")"),
        holds: (email) => parts.every(({ holds }) => holds(email)),
      }),
    ),
    fc.tuple(fc.array(tie("query"), { minLength: 2, maxLength: 3 }), fc.boolean()).map(
      ([parts, braces]): Query => ({
        text: braces ? joined(parts, "{", " ", "}") : joined(parts, "(", " OR ", ")"),
        holds: (email) => parts.some(({ holds }) => holds(email)),
      }),
    ),
  ),
})).query;

const without = (capabilities: RegExp): ImapRewrite => ({
  answer: (answer) => answer.replaceAll(capabilities, ""),
});

describeMail("Any query finds what a naive evaluation finds, newest first and once,", () => {
  let kit: MailServerKit;
  let user: User;
  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    const raws = await Promise.all(
      emails.map(({ name, sender, topic, words, file }) =>
        toRaw({
          ...{ subject: `${name} ${topic}`, from: sender, text: words },
          attachments:
            file === undefined ? [] : [{ filename: file, content: "x", contentType: "application/x-any" }],
        }),
      ),
    );
    await kit.deliverAll(
      user,
      emails.map(({ mailbox, received, read }, at) => ({
        ...{ raw: raws[at] ?? "", mailbox, date: received, flags: read ? ["\\Seen"] : [] },
      })),
    );
  });

  async function namesOf({ mail }: Reader, text: string, limit: number): Promise<string[]> {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await mail.searchEmails({ query: text, limit, ...(cursor ? { cursor } : {}) });
      names.push(...page.emails.map(({ subject }) => subject.split(" ", 1)[0] ?? ""));
      ({ cursor } = page);
    } while (cursor);
    return names;
  }

  test.each<[string, RegExp]>([
    ["with all extensions", /(?!)/g],
    [
      "without SORT, ESEARCH, LIST-STATUS and SPECIAL-USE",
      / (SORT(=DISPLAY)?|ESEARCH|ESORT|LIST-STATUS|SPECIAL-USE)\b/g,
    ],
  ])("on a server %s", async (_, hidden) => {
    const proxy = await startImapProxy(kit, without(hidden));
    const reader = openReader(kit, user, proxy.imap);
    await fc.assert(
      fc.asyncProperty(query, fc.integer({ min: 3, max: 50 }), async ({ text, holds }, limit) => {
        const expected = emails.filter((email) => email.mailbox !== "Trash" && holds(email));
        const names = await namesOf(reader, text, limit).catch((error) => {
          // A query that leaves no mailbox is refused.
          expect([error.code, expected.length]).toEqual([
            expect.stringMatching(/^(unsupported_query|mailbox_not_found)$/),
            0,
          ]);
          return [];
        });
        expect(names.toSorted()).toEqual(expected.map(({ name }) => name).toSorted());
        const times = names.map((name) => emails[Number(name.slice(1))]?.received.getTime() ?? 0);
        expect(times).toEqual(times.toSorted((a, b) => b - a));
      }),
      { seed: 20_240_301, numRuns: 40 },
    );
    await reader.connections.close();
    await proxy.stop();
  });
});
