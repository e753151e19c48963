/** The decisions of a card in a conversation, in a host built on the official AppBridge in Chromium. */
import { afterAll, beforeAll, expect } from "bun:test";
import { withCard } from "../support/card-host.ts";
import { askToErase, newAddress, submittedBy } from "../support/card-steps.ts";
import { browserTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
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
