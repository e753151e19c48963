/** The form of a card in a conversation and all that it shows, in a host built on the official AppBridge in Chromium. */
import { afterAll, beforeAll, expect } from "bun:test";
import axe from "axe-core";
import { cardTextsFor } from "../../src/pages/text/card.ts";
import { type CardHost, withCard } from "../support/card-host.ts";
import { askToErase, newAddress, submittedBy } from "../support/card-steps.ts";
import { browserTest } from "../support/installed.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  connectInBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";

let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ rates: wideRates, settings: { SENDS_PER_HOUR: "1000" } });
});
afterAll(() => product?.stop());

const connect = () => connectInBrowser(product, { showsCards: true });

/** The visible rows of every part of a card, in order, without repetition. */
async function readAllParts({ frame }: CardHost): Promise<string[]> {
  const next = frame.getByRole("button", { name: "Next" });
  const seen = new Map<number, string>();
  for (;;) {
    const rows = await frame
      .locator(".sheet > *")
      .evaluateAll((all) =>
        all.map((row) =>
          (row as HTMLElement).style.visibility === "hidden" ? null : (row.textContent ?? ""),
        ),
      );
    for (const [at, row] of rows.entries()) if (row !== null) seen.set(at, row);
    if ((await next.count()) === 0 || (await next.isDisabled())) break;
    await next.click();
  }
  return [...seen].sort(([a], [b]) => a - b).map(([, row]) => row);
}

/** Names what is wrong with the form of a card: its height, its width, small targets, and axe's findings. */
async function findFaults({ frame, heights }: CardHost): Promise<string[]> {
  await frame.evaluate(axe.source);
  const axeFaults = await frame.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21aa"],
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
  const form = await frame.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const small = [...document.querySelectorAll("button, label")]
      .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
      .map((each) => `${each.textContent} is low`);
    return [...small, ...(scrollWidth > clientWidth ? ["it is too wide"] : [])];
  });
  const high = heights.filter((height) => height > 500).map((height) => `${height} px high`);
  return [...axeFaults, ...form, ...high];
}

browserTest(
  "Y10: light and dark, 320 to 800 px, in three languages: it fits, and axe finds no violation",
  async () => {
    const person = await connect();
    const { client } = person;
    const { result } = await client.call("send_email", {
      to: ["Ann Example <ann@example.org>", "bob@example.org"],
      subject: "The plan for the summer, with a subject that is long enough for two lines",
      body: Array.from({ length: 60 }, (_, line) => `Line ${line} of a text that is long.`).join("\n"),
    });
    const erasure = await askToErase(
      person,
      Array.from({ length: 12 }, (_, at) => `Subject ${at}`),
    );
    for (const [name, shown] of [
      ["email", result],
      ["erase", erasure.result],
    ] as const)
      for (const width of [320, 400, 800])
        for (const theme of ["light", "dark"] as const) {
          const locale = { 320: "de-AT", 400: "fr", 800: "en-GB" }[width] ?? "en";
          const found = await withCard(
            { client, result: shown, width, context: { theme, locale } },
            async (card) => {
              await card.sees(/[12]/);
              await card.picture(`${name}-${theme}-${width}`);
              return findFaults(card);
            },
          );
          expect({ name, width, theme, found }).toEqual({ name, width, theme, found: [] });
        }
  },
  180_000,
);

browserTest("Y10: the card follows the host's theme, its colors, its width and its height", async () => {
  const { client } = await connect();
  const body = Array.from({ length: 30 }, (_, line) => `Line ${line}`).join("\n");
  const { result } = await client.call("send_email", { to: ["ann@example.org"], body });
  const context = {
    theme: "light" as const,
    styles: { variables: { "--color-text-primary": "rgb(1, 2, 3)" } },
  };
  await withCard({ client, result, context }, async (card) => {
    await card.sees(/Part 1 of [23]\b/);
    const colorOf = (property: "color" | "backgroundColor") =>
      card.frame.evaluate((name) => getComputedStyle(document.body)[name], property);
    expect([await colorOf("color"), await colorOf("backgroundColor")]).toEqual([
      "rgb(1, 2, 3)",
      "rgb(255, 255, 255)",
    ]);
    await card.setContext({ theme: "dark", containerDimensions: { maxHeight: 300 } });
    await card.sees(/Part 1 of [5-9]/);
    expect(await colorOf("backgroundColor")).toBe("rgb(25, 28, 33)");
    expect(card.heights.at(-1)).toBeLessThanOrEqual(300);
    await card.page.setViewportSize({ width: 320, height: 560 });
    await card.sees("Part 1 of");
    expect(card.heights.at(-1)).toBeLessThanOrEqual(300);
    expect(await readAllParts(card)).toEqual(expect.arrayContaining(["Line 0", "Line 29"]));
  });
});

browserTest(
  "Y05: three people with Bcc, 40 KB of text and 12 files: all of it on the card, counted",
  async () => {
    const { client } = await connect();
    const lines = Array.from({ length: 500 }, (_, line) => `${line} ${"word ".repeat(15)}`.trimEnd());
    const attachments = Array.from({ length: 12 }, (_, at) => ({ name: `file-${at}.txt`, text: "x" }));
    const people = {
      to: ["ann@example.org", "bob@example.org", "eve@example.org"],
      bcc: ["secret@example.org"],
    };
    const { result } = await client.call("send_email", {
      ...{ ...people, subject: "Many", body: lines.join("\n") },
      attachments: attachments.map(({ name, text }) => ({
        name,
        base64: Buffer.from(text).toString("base64"),
      })),
    });
    await withCard({ client, result }, async (card) => {
      await card.sees("Attachments: 12");
      const [, below = "", characters = ""] =
        /Below: (\d+) lines, (\d+) characters/.exec(await card.frame.locator(".pager").innerText()) ?? [];
      const rows = await readAllParts(card);
      const joined = rows.join("\n");
      for (const words of [...people.to, ...people.bcc, ...attachments.map(({ name }) => name), ...lines])
        expect(joined).toContain(words);
      const rest = rows.slice(-Number(below));
      expect(Number(below)).toBeGreaterThan(400);
      expect(rest.join("\n").length).toBe(Number(characters));
    });
  },
);

browserTest(
  "Y12: line breaks, quotes and hidden characters are the same on the card and the page",
  async () => {
    const person = await connect();
    const { client, browser } = person;
    const body =
      "First\n\n> quoted <i>\n\tindented  twice\n<mail-0123456789abcdef>\nzero\u200bwidth <script>alert(1)</script>";
    const answer = await client.call("send_email", { to: [await newAddress()], subject: "a\u202eb", body });
    const page = await browser.get(approvalOf(answer).url);
    await withCard({ client, result: answer.result }, async (card) => {
      const rows = await card.frame.locator(".flow").allTextContents();
      const texts = [...page.html.matchAll(/<pre dir="auto">([\s\S]*?)<\/pre>/g)].map(([, words = ""]) =>
        words
          .replaceAll("&lt;", "<")
          .replaceAll("&gt;", ">")
          .replaceAll("&#39;", "'")
          .replaceAll("&quot;", '"')
          .replaceAll("&amp;", "&"),
      );
      // The plain text, and the formatted one, which has no zero-width space.
      expect(texts).toHaveLength(2);
      // The marks of our own fence are the one thing that the card writes otherwise.
      expect(rows.join("\n")).toBe(texts.join("\n").replaceAll("<mail-", "[U+003C]mail-"));
      expect(rows.join("\n")).toContain("[U+003C]mail-0123456789abcdef>");
      await card.sees("a[U+202E]b");
      expect(await card.frame.locator("main script, main img, main i").count()).toBe(0);
    });
    await browser.post(approvalOf(answer).url, { decision: "send" });
    const [sent] = await submittedBy(person);
    expect(sent?.raw).toContain("> quoted <i>");
  },
);

browserTest(
  "The card of a one-click request names the list's server, its address and the email",
  async () => {
    const { client } = await connect();
    const { result } = await client.call("send_email", { to: ["ann@example.org"], body: "x" });
    const content = result._meta?.["email-connector/approval"] as Record<string, unknown>;
    const url = "https://news.example.net/leave?token=1";
    const facts = {
      host: "news.example.net",
      from: "News <n@example.net>",
      subject: "Issue <b>7</b>",
      date: "2026",
    };
    const leaving = { ...facts, url, is_new: true };
    const texts = cardTextsFor("unsubscribe");
    const changed = { ...content, email: undefined, kind: "unsubscribe", leaving, texts };
    const shown = { ...result, _meta: { "email-connector/approval": changed } };
    await withCard({ client, result: shown, width: 320 }, async (card) => {
      for (const words of [...Object.values(facts), url]) await card.sees(words);
      expect(await card.buttons()).toEqual(["Unsubscribe", "Decline", "Open the page"]);
      await card.picture("unsubscribe-320");
      expect(await findFaults(card)).toEqual([]);
    });
  },
);

browserTest("What is too long for a card is on its page alone", async () => {
  const person = await connect();
  const { client } = person;
  const { result } = await client.call("send_email", {
    to: ["ann@example.org"],
    body: "word ".repeat(30_000),
  });
  await withCard({ client, result }, async (card) => {
    await card.sees("This is too long to show here.");
    expect(await card.buttons()).toEqual(["Open the page"]);
  });
});
