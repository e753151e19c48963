/** The card in a conversation, in a host built on the official AppBridge in Chromium. */
import { afterAll, beforeAll, expect } from "bun:test";
import axe from "axe-core";
import { type CardHost, withCard } from "../support/card-host.ts";
import { toRaw } from "../support/emails.ts";
import { browserTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  type ConnectedPerson,
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

async function submittedBy({ user }: ConnectedPerson) {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === user.address);
}

async function newAddress(): Promise<string> {
  return (await (await mailServer()).newUser()).address;
}

/** Emails to INBOX; returns the answer to erasing all of them for good. */
async function askToErase({ user, client }: ConnectedPerson, subjects: readonly string[]) {
  const kit = await mailServer();
  await kit.deliverAll(
    user,
    await Promise.all(subjects.map(async (subject) => ({ raw: await toRaw({ subject, text: "x" }) }))),
  );
  const { data } = await client.call("get_recent_emails", { limit: 100 });
  const ids = (data as { emails: { id: string }[] }).emails.map(({ id }) => id);
  return client.call("delete_email", { ids, permanently: true });
}

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

browserTest("Y10: Send on the card sends the shown email once, and the model is told", async () => {
  const person = await connect();
  const { client } = person;
  const to = await newAddress();
  const { result } = await client.call("send_email", { to: [to], subject: "Plan", body: "Hi <b>Ann</b>." });
  await withCard({ client, result }, async (card) => {
    await card.sees("Hi <b>Ann</b>.");
    await card.sees("You have never written to this address.");
    expect(await card.buttons()).toEqual(["Send", "Keep as a draft", "Decline", "Open the page"]);
    expect(await submittedBy(person)).toEqual([]);
    await card.press("Send");
    await card.sees("Done");
    expect(await card.buttons()).toEqual([]);
    expect(card.told).toEqual(["The person approved it, and it was done."]);
    expect([card.links, card.requests]).toEqual([[], []]);
  });
  expect((await submittedBy(person)).map(({ recipients }) => recipients)).toEqual([[to]]);
});

browserTest("Y10: the card keeps a draft, and declines", async () => {
  const person = await connect();
  const { client, user } = person;
  for (const [button, heading] of [
    ["Keep as a draft", "Kept as a draft"],
    ["Decline", "Declined"],
  ] as const) {
    const { result } = await client.call("send_email", {
      to: ["ann@example.org"],
      subject: button,
      body: "x",
    });
    await withCard({ client, result }, async (card) => {
      await card.press(button);
      await card.sees(heading);
    });
  }
  expect(await submittedBy(person)).toEqual([]);
  const drafts = await (await mailServer()).read(user, "Drafts");
  expect(drafts.map(({ subject }) => subject)).toEqual(["Keep as a draft"]);
});

browserTest(
  "Y10: without _meta, without structuredContent, and for a loopback grant the button opens the page",
  async () => {
    const person = await connect();
    const { client } = person;
    const { result } = await client.call("send_email", { to: ["ann@example.org"], body: "Hi." });
    const { url } = approvalOf(await client.call("send_email", { to: ["ann@example.org"], body: "Hi." }));
    const local = await connectInBrowser(product, {
      showsCards: true,
      redirectUri: "http://localhost:6274/oauth/callback",
    });
    const held = await local.client.call("send_email", { to: ["ann@example.org"], body: "Local." });
    const { _meta, ...withoutMeta } = result;
    const cases = [
      { client, result: withoutMeta, says: "Claude has prepared something.", url },
      { client, result: { content: result.content }, says: "Claude has prepared something.", url },
      // A host that lets cards call no tools.
      { client, result, capabilities: { openLinks: {} }, says: "Hi.", url },
      { client: local.client, result: held.result, says: "Local.", url: approvalOf(held).url },
    ];
    for (const { says, url: page, ...given } of cases)
      await withCard(given, async (card) => {
        await card.sees(says);
        expect(await card.buttons()).toEqual(["Open the page"]);
        await card.press("Open the page");
        await card.sees("Decide on the page that opened.");
        expect([card.links, card.results, card.requests]).toEqual([[page], [], []]);
      });
    for (const each of [person, local]) expect(await submittedBy(each)).toEqual([]);
  },
);

browserTest(
  "Y10: with a wrong secret or another grant's the card decides nothing, and offers the page",
  async () => {
    const [person, other] = await Promise.all([connect(), connect()]);
    const { client } = person;
    const email = { to: ["ann@example.org"], body: "Hi." };
    const { result } = await client.call("send_email", email);
    const foreign = (await other.client.call("send_email", email)).result._meta?.["email-connector/approval"];
    const content = result._meta?.["email-connector/approval"] as Record<string, unknown>;
    const { secret } = foreign as { secret: string };
    for (const wrong of ["0".repeat(43), secret]) {
      const changed = { ...result, _meta: { "email-connector/approval": { ...content, secret: wrong } } };
      await withCard({ client, result: changed }, async (card) => {
        await card.press("Send");
        await card.sees("It could not be decided here. Open the page.");
        expect(await card.buttons()).toEqual(["Open the page"]);
        expect(card.results.map(({ isError }) => isError)).toEqual([true]);
      });
    }
    expect(await submittedBy(person)).toEqual([]);
  },
);

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

browserTest("The card of an erasure lists every subject, and erases only what stays checked", async () => {
  const person = await connect();
  const { client, user } = person;
  const { result } = await askToErase(person, ["Keep <img src=x>", "Erase me", "Me too"]);
  await withCard({ client, result }, async (card) => {
    await card.sees("To be erased forever: 3.");
    await card.press("Delete (3)");
    await card.sees("Done");
  });
  expect(await (await mailServer()).read(user, "INBOX")).toEqual([]);

  const again = await askToErase(person, ["Keep <img src=x>", "Erase me", "Me too"]);
  await withCard({ client, result: again.result }, async (card) => {
    for (const subject of ["Keep <img src=x>", "Erase me", "Me too"])
      await card.frame.getByText(subject, { exact: true }).click();
    expect(await card.frame.getByRole("button", { name: "Delete (0)" }).isDisabled()).toBe(true);
    for (const subject of ["Erase me", "Me too"])
      await card.frame.getByText(subject, { exact: true }).click();
    await card.sees("Delete (2)");
    // Another theme and another width draw the card again.
    await card.setContext({ theme: "dark" });
    await card.page.setViewportSize({ width: 320, height: 560 });
    await card.press("Delete (2)");
    await card.sees("Done");
    expect(card.requests).toEqual([]);
  });
  const left = await (await mailServer()).read(user, "INBOX");
  expect(left.map(({ subject }) => subject)).toEqual(["Keep <img src=x>"]);
});

browserTest(
  "Y09: over the send limit, and after a refusal, the card says so and can be pressed again",
  async () => {
    const limited = await startPublicProduct({ rates: wideRates, settings: { SENDS_PER_HOUR: "1" } });
    try {
      const person = await connectInBrowser(limited, { showsCards: true });
      const { client } = person;
      const to = await newAddress();
      const answers = [];
      for (const body of ["Refused.", "First.", "Second."])
        answers.push(
          await client.call("send_email", { to: [body === "Refused." ? "nobody@example.org" : to], body }),
        );
      const [refused, first, second] = answers.map(({ result }) => result);
      if (!refused || !first || !second) throw new Error("there are three answers");
      await withCard({ client, result: refused }, async (card) => {
        await card.press("Send");
        await card.sees("It was not done:");
        expect(await card.buttons()).toEqual(["Send", "Keep as a draft", "Decline", "Open the page"]);
        expect(card.told).toEqual([expect.stringContaining("could not be done")]);
      });
      await withCard({ client, result: first }, async (card) => {
        await card.press("Send");
        await card.sees("Done");
      });
      await withCard({ client, result: second }, async (card) => {
        await card.press("Send");
        await card.sees(/Too many emails were sent already: the next may go at \d{4}-/);
        expect(await card.buttons()).toContain("Send");
        expect(card.told).toEqual([expect.stringContaining("Too many emails were sent already")]);
      });
      expect((await submittedBy(person)).map(({ recipients }) => recipients)).toEqual([[to]]);
    } finally {
      await limited.stop();
    }
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

browserTest("APPROVE_ON_PAGE_ONLY: cards show everything, and open the page", async () => {
  const strict = await startPublicProduct({ settings: { APPROVE_ON_PAGE_ONLY: "on" } });
  try {
    const { client } = await connectInBrowser(strict, { showsCards: true });
    const { result } = await client.call("send_email", { to: ["ann@example.org"], body: "Hi." });
    await withCard({ client, result }, async (card) => {
      await card.sees("Hi.");
      expect(await card.buttons()).toEqual(["Open the page"]);
    });
  } finally {
    await strict.stop();
  }
});
