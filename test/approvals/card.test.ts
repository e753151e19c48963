/** The card in a conversation (MCP Apps) over the protocol: who gets its secret, and what the secret decides. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cardPage } from "../../src/pages/card.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import type { ToolAnswer } from "../support/mcp-client.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  connectInBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";

let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ rates: wideRates });
});
afterAll(() => product?.stop());

const loopback = "http://localhost:6274/oauth/callback";

type Card = {
  id: string;
  state: string;
  url: string;
  secret?: string;
  email?: { to: { name: string; is_new: boolean }[]; bcc: { name: string }[]; subject: string; text: string };
};

function cardOf({ result }: ToolAnswer): Card | undefined {
  return result._meta?.["email-connector/approval"] as Card | undefined;
}

async function submittedBy(address: string) {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === address);
}

mailTest(
  "Y10: a card gets facts and a secret in _meta alone, and only that secret decides, once, for its own approval",
  async () => {
    const [person, other] = await Promise.all([
      connectInBrowser(product, { showsCards: true }),
      connectInBrowser(product, { showsCards: true }),
    ]);
    const { client, user } = person;
    const to = (await (await mailServer()).newUser()).address;
    const email = { to: [to], bcc: [user.address], subject: "Plan \u202e", body: "Hi.\n\n<b>" };
    const answer = await client.call("send_email", email);
    const card = cardOf(answer);
    const { id, url } = approvalOf(answer);
    expect(card).toMatchObject({
      ...{ id, url, state: "waiting", too_long: false, account: user.address },
      email: {
        to: [{ name: to, is_new: true }],
        bcc: [{ name: user.address }],
        subject: "Plan [U+202E]",
        text: expect.stringMatching(/^<mail-[0-9a-f]{16}>\nHi\.\n\n<b>\n<\/mail-[0-9a-f]{16}>$/),
      },
    });
    const secret = card?.secret ?? "";
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(cardOf(await client.call("send_email", email))?.secret).toBe(secret);
    const { _meta, ...seen } = answer.result;
    for (const text of [JSON.stringify(seen), product.logged.join()]) expect(text).not.toContain(secret);

    const foreign = cardOf(await other.client.call("send_email", email))?.secret ?? "";
    const wrong = [foreign, "", "a".repeat(43), url.slice(-64), id];
    for (const each of wrong) {
      const refused = await client.try("decide_approval", { id, secret: each, decision: "send" });
      expect([refused.isError, refused.text]).toEqual([true, expect.stringContaining("(approval_unknown)")]);
    }
    expect((await other.client.try("decide_approval", { id, secret, decision: "send" })).isError).toBe(true);
    expect(await submittedBy(user.address)).toEqual([]);

    const decided = await client.call("decide_approval", { id, secret, decision: "send" });
    expect(approvalOf(decided).state).toBe("done");
    expect(decided.text).toBe("The person approved it, and it was done.");
    const again = await client.call("decide_approval", { id, secret, decision: "send" });
    expect(approvalOf(again).state).toBe("done");
    expect(cardOf(again)?.secret).toBeUndefined();
    expect((await submittedBy(user.address)).map(({ recipients }) => recipients.sort())).toEqual([
      [to, user.address].sort(),
    ]);
    expect(product.logged.join()).not.toContain(secret);
  },
);

mailTest(
  "Y04: no secret without the extension, and none for a loopback grant, whose card may reach no network",
  async () => {
    const [plain, local] = await Promise.all([
      connectInBrowser(product),
      connectInBrowser(product, { showsCards: true, redirectUri: loopback }),
    ]);
    const body = { to: ["ann@example.org"], body: "Hi." };
    expect((await plain.client.call("send_email", body)).result._meta).toBeUndefined();
    const names = async ({ client }: typeof plain) =>
      (await client.client.listTools()).tools.map(({ name }) => name);
    expect(await names(plain)).not.toContain("decide_approval");
    await expect(
      plain.client.try("decide_approval", { id: "a", secret: "b", decision: "send" }),
    ).rejects.toThrow("There is no tool");
    const answer = await local.client.call("send_email", body);
    const card = cardOf(answer);
    expect([card?.email?.text.includes("Hi."), card?.secret]).toEqual([true, undefined]);
    expect(await names(local)).toContain("decide_approval");
    const { id, url } = approvalOf(answer);
    for (const secret of [url.slice(-64), id, local.accessToken])
      expect((await local.client.try("decide_approval", { id, secret, decision: "send" })).isError).toBe(
        true,
      );
    const { resources } = await local.client.client.listResources();
    expect(resources).toMatchObject([{ uri: "ui://approval", mimeType: "text/html;profile=mcp-app" }]);
    const { contents } = await local.client.client.readResource({ uri: "ui://approval" });
    const none = { connectDomains: [], resourceDomains: [], frameDomains: [], baseUriDomains: [] };
    expect(contents).toMatchObject([
      {
        uri: "ui://approval",
        mimeType: "text/html;profile=mcp-app",
        text: cardPage(),
        _meta: { ui: { csp: none } },
      },
    ]);
    await expect(local.client.client.readResource({ uri: "ui://other" })).rejects.toThrow("-32002");
    for (const { address } of [plain.user, local.user]) expect(await submittedBy(address)).toEqual([]);
  },
);

test("MCP Apps: the card is under 10 KB, loads nothing, and writes no markup from what it shows", () => {
  const page = cardPage();
  expect(Buffer.byteLength(page)).toBeLessThan(10_000);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(
    /\bsrc=|@import|url\(|innerHTML|insertAdjacent|document\.write|fetch\(|XMLHttp|WebSocket/,
  );
  expect(page.match(/https?:\/\/(?!\\S)/g)).toBeNull();
});
