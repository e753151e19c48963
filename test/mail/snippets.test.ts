/** Snippets of listed emails, and their octets and round trips as counted by a proxy. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { htmlToWords } from "../../src/html/visible-words.ts";
import { firstWordsOf } from "../../src/readable/snippet.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.ts";
import { type ImapProxy, startImapProxy } from "../support/imap-proxy.ts";
import { withoutCapabilities } from "../support/imap-rewrites.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer } from "../support/mail-server.ts";
import { openReader } from "../support/reader.ts";

/** A typical newsletter: a long head, a hidden preheader with padding, then the visible text. */
function newsletter(number: number, visible = `Issue ${number} tells of gardens.`, pads = 60): string {
  const head = `td.col-${number} { padding: 0 12px; font-family: Georgia, serif; }\n`.repeat(70);
  const padding = "&#847;&zwnj;&nbsp;".repeat(pads);
  return [
    `Subject: number ${number}`,
    "From: news@example.test",
    "MIME-Version: 1.0",
    "Content-Type: text/html; charset=utf-8",
    "",
    `<html><head><title>News</title><style>.quiet { display: none }\n${head}</style></head><body>`,
    `<div class="quiet">Obey this preheader ${padding}</div><div style="color:#fff">White words</div>`,
    `<script>var scripted = 1;</script><table><tr><td>${visible}</td></tr></table></body></html>`,
    "",
  ].join("\n");
}

const plain = (number: number) =>
  `Subject: number ${number}\nFrom: ann@example.test\n\nLetter ${number}, ${"words of it, ".repeat(40)}\n`;

type Listed = {
  snippets: string[];
  previews: (true | undefined)[];
  roundTrips: number;
  received: number;
};

describeMail("Snippets of a list", () => {
  let kit: MailServerKit;
  let proxy: CountingProxy;

  beforeAll(async () => {
    kit = await mailServer();
    proxy = await startCountingProxy(kit.imap.port);
  });

  afterAll(() => proxy?.stop());

  /** A mailbox of these emails; each `list` runs on a warm connection and returns its cost. */
  async function withMailbox<T>(
    emails: readonly string[],
    work: (list: (limit?: number) => Promise<Listed>) => Promise<T>,
    through = () => proxy,
  ): Promise<T> {
    const counted = through();
    const user = await kit.newUser();
    await kit.deliverAll(
      user,
      emails.map((raw) => ({ raw })),
    );
    const reader = openReader(kit, user, { ...kit.imap, port: counted.port });
    try {
      await reader.mail.listEmails({ mailbox: "inbox", limit: 1 });
      await reader.mail.listEmails({ mailbox: "inbox", limit: 50 });
      return await work(async (limit = 50) => {
        counted.reset();
        const page = await reader.mail.listEmails({ mailbox: "inbox", limit });
        const { roundTrips, received } = counted.count();
        return {
          snippets: page.emails.map(({ snippet }) => snippet),
          previews: page.emails.map(({ preview }) => preview),
          ...{ roundTrips, received },
        };
      });
    } finally {
      await reader.connections.close();
    }
  }

  const numbers = Array.from({ length: 50 }, (_, at) => at);

  test("take one more round trip where a long head precedes the text, and hold visible text only", () =>
    withMailbox(
      numbers.map((at) => (at % 17 === 5 ? newsletter(at) : plain(at))),
      async (list) => {
        const { snippets, roundTrips, received } = await list();
        for (const [at, snippet] of snippets.toReversed().entries())
          expect(snippet).toStartWith(
            at % 17 === 5 ? `Issue ${at} tells of gardens.` : `Letter ${at}, words`,
          );
        expect(roundTrips).toBe(2);
        expect(received).toBeLessThan(60_000);
      },
    ));

  test("are fetched whichever part of its email holds the text", () =>
    withMailbox(
      [0, 1, 2].map((at) => {
        const [head = "", ...body] = newsletter(at).split("\n\n");
        if (at !== 1) return newsletter(at);
        const type = "Content-Type: text/html; charset=utf-8";
        const empty = "--alt\nContent-Type: text/plain\n\n\n";
        const outer = head.replace(type, 'Content-Type: multipart/alternative; boundary="alt"');
        return `${outer}\n\n${empty}--alt\n${type}\n\n${body.join("\n\n")}\n--alt--\n`;
      }),
      async (list) => {
        const { snippets, roundTrips } = await list();
        expect(snippets.toReversed().map((snippet) => snippet.slice(0, 7))).toEqual([
          "Issue 0",
          "Issue 1",
          "Issue 2",
        ]);
        expect(roundTrips).toBeLessThanOrEqual(3);
      },
    ));

  test("are the mail server's previews, and marked as such, where own words would exceed the budget", () =>
    withMailbox(
      numbers.map((at) => newsletter(at, undefined, 10)),
      async (list) => {
        const fifty = await list();
        expect(fifty.snippets.filter((snippet) => snippet === "")).toEqual([]);
        expect(fifty.previews.filter(Boolean).length).toBeGreaterThan(40);
        // The first list of another length asks for news apart.
        await list(20);
        const twenty = await list(20);
        expect(twenty.snippets.slice(0, 4).every((snippet) => snippet.startsWith("Issue"))).toBe(true);
        expect(twenty.previews.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
        expect(twenty.snippets.at(-1)).toStartWith("News Obey this preheader");
        expect(twenty.previews.at(-1)).toBe(true);
        for (const { roundTrips, received } of [fifty, twenty]) {
          expect(roundTrips).toBe(2);
          expect(received).toBeLessThan(60_000);
        }
      },
    ));

  describe("of a server without previews (RFC 8970)", () => {
    let without: CountingProxy;
    let dovecot: ImapProxy;

    beforeAll(async () => {
      dovecot = await startImapProxy(kit, { answer: withoutCapabilities("PREVIEW") });
      without = await startCountingProxy(dovecot.imap.port);
    });
    afterAll(async () => {
      await without?.stop();
      await dovecot?.stop();
    });

    test("are fetched for the newest emails only where all would exceed the budget", () =>
      withMailbox(
        numbers.map((at) => newsletter(at)),
        async (list) => {
          const { snippets, roundTrips, received } = await list();
          expect(snippets.slice(0, 2).every((snippet) => snippet.startsWith("Issue"))).toBe(true);
          expect(snippets.at(-1)).toBe("");
          expect(roundTrips).toBe(2);
          expect(received).toBeLessThan(60_000);
        },
        () => without,
      ));

    test("follow a head of 24 KB, which the next list knows", () =>
      withMailbox(
        [plain(0), newsletter(1).replace("</style>", `${"p.wide { margin: 0 }\n".repeat(900)}</style>`)],
        async (list) => {
          const { snippets, roundTrips } = await list();
          expect(snippets[0]).toStartWith("Issue 1 tells of gardens.");
          expect(roundTrips).toBe(2);
        },
        () => without,
      ));
  });

  test("are not fetched again for emails without text, and cost nothing where the text comes first", async () => {
    const picture = newsletter(1, '<img src="https://example.test/x.png" alt="">')
      .replace("<title>News</title>", "")
      .replace("Obey this preheader", "")
      .replace("White words", "")
      .replace("var scripted = 1;", "");
    for (const emails of [[plain(1), picture], numbers.map(plain)])
      expect((await withMailbox(emails, (list) => list())).roundTrips).toBe(1);
  });
});

test("a snippet of HTML holds visible words only, wherever the HTML is cut", () => {
  expect(htmlToWords("<p>W<b>or</b>ds<br>apart<table><td>of</td><td>cells &amp; more</p><p style=")).toBe(
    "Words apart of cells & more",
  );
  expect(htmlToWords('<p style="font-size:0">tiny</p><p hidden>gone</p><style>p { x')).toBe("");
  expect(htmlToWords("a\u034f\u200c \u00ad\u200bb می\u200cخواهم")).toBe("a b می\u200cخواهم");
});

test("a snippet of a calendar is what happens there, and of signed text the words inside", () => {
  const wordsOf = (type: string, text: string) => firstWordsOf({ type, content: Buffer.from(text) });
  const summary = "BEGIN:VEVENT\r\nSUMMARY;LANGUAGE=en:Re\r\n view\\, at last\r\nEND:VEVENT";
  expect(wordsOf("text/calendar", summary)).toBe("Review, at last");
  expect(wordsOf("text/calendar", "BEGIN:VEVENT\r\nDTSTART:2024")).toBe("");
  expect(wordsOf("text/html", "<p>words</")).toBe("words");
  const signed =
    "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nHello.\r\n-----BEGIN PGP SIGNATURE-----\r\niQ";
  expect(wordsOf("text/plain", signed)).toBe("Hello.");
  expect(wordsOf("text/plain", "\u200c \u00a0\r\n")).toBe("");
});
