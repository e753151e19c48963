/** The first words of the emails of a list, and what they cost: octets and round trips counted by a proxy, not timed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { htmlToWords } from "../../src/html/visible-words.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer } from "../support/mail-server.ts";
import { openReader } from "../support/reader.ts";

/** A newsletter as most are: a long head, a hidden preheader padded with nothing, and only then what is seen. */
function newsletter(number: number, visible = `Issue ${number} tells of gardens.`): string {
  const head = `td.col-${number} { padding: 0 12px; font-family: Georgia, serif; }\n`.repeat(70);
  const padding = "&#847;&zwnj;&nbsp;".repeat(60);
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

describeMail("The first words of a list's emails", () => {
  let kit: MailServerKit;
  let proxy: CountingProxy;

  beforeAll(async () => {
    kit = await mailServer();
    proxy = await startCountingProxy(kit.imap.port);
  });

  afterAll(() => proxy?.stop());

  /** A mailbox of these; each `list` is a warm one, with what it cost. */
  async function withMailbox<T>(
    emails: readonly string[],
    work: (list: () => Promise<{ snippets: string[]; roundTrips: number; received: number }>) => Promise<T>,
  ): Promise<T> {
    const user = await kit.newUser();
    await kit.deliverAll(
      user,
      emails.map((raw) => ({ raw })),
    );
    const reader = openReader(kit, user, { ...kit.imap, port: proxy.port });
    try {
      await reader.mail.listEmails({ mailbox: "inbox", limit: 1 });
      await reader.mail.listEmails({ mailbox: "inbox", limit: 50 });
      return await work(async () => {
        proxy.reset();
        const page = await reader.mail.listEmails({ mailbox: "inbox", limit: 50 });
        const { roundTrips, received } = proxy.count();
        return { snippets: page.emails.map(({ snippet }) => snippet), roundTrips, received };
      });
    } finally {
      await reader.connections.close();
    }
  }

  const numbers = Array.from({ length: 50 }, (_, at) => at);

  test("are read in one more round trip where a long head hides them, never what no eye sees", () =>
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

  test("are read of the newest only where the heads of all would be too much", () =>
    withMailbox(
      numbers.map((at) => newsletter(at)),
      async (list) => {
        const { snippets, roundTrips, received } = await list();
        expect(snippets.slice(0, 2).every((snippet) => snippet.startsWith("Issue"))).toBe(true);
        expect(snippets.at(-1)).toBe("");
        expect(roundTrips).toBe(2);
        expect(received).toBeLessThan(60_000);
      },
    ));

  test("are not looked for again where there are none, and cost nothing where they come first", async () => {
    const picture = newsletter(1, '<img src="https://example.test/x.png" alt="">');
    for (const emails of [[plain(1), picture], numbers.map(plain)])
      expect((await withMailbox(emails, (list) => list())).roundTrips).toBe(1);
  });
});

test("the words of HTML are those a person sees, wherever it is cut", () => {
  expect(htmlToWords("<p>W<b>or</b>ds<br>apart<td>of</td><td>cells &amp; more</p><p style=")).toBe(
    "Words apart of cells & more",
  );
  expect(htmlToWords('<p style="font-size:0">tiny</p><p hidden>gone</p><style>p { x')).toBe("");
  expect(htmlToWords("a\u034f\u200c \u00ad\u200bb می\u200cخواهم")).toBe("a b می\u200cخواهم");
});
