/** Requests to mailing lists that wait for the person: refused, declined, and with the brake for new people. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import {
  findEmail,
  type ListedProduct,
  newSubscriber,
  startListedProduct,
  submittedBy,
} from "../support/newsletters.ts";
import { approvalOf, connectInBrowser } from "../support/person-browser.ts";

let product: ListedProduct;

beforeAll(async () => {
  product = await startListedProduct();
});
afterAll(() => product?.stop());

mailTest(
  "a one-click request that the list refused can be tried again, and the next call writes",
  async () => {
    const leaving = await (await mailServer()).newUser();
    const user = await newSubscriber(`<mailto:${leaving.address}>, <https://brand.test/broken>`);
    const { client, browser } = await connectInBrowser(product, { user });
    const id = await findEmail(client, "newsletter");
    const { url } = approvalOf(await client.call("unsubscribe", { id }));
    const failed = await browser.post(url, { decision: "send" });
    expect([failed.status, failed.state]).toEqual([502, "failed"]);
    expect(failed.text).toContain("did not take the one-click request");
    expect(product.askedAt("/broken")).toHaveLength(1);

    const mail = await client.call("unsubscribe", { id });
    expect(mail.data).toMatchObject({ how: "mail", target: leaving.address });
    const waiting = approvalOf(mail);
    expect(waiting).toMatchObject({ kind: "unsubscribe", state: "waiting" });
    expect((await browser.get(waiting.url)).text).toContain(leaving.address);
    expect(await submittedBy(user)).toEqual([]);
    expect((await browser.post(waiting.url, { decision: "send" })).state).toBe("done");
    expect((await submittedBy(user)).map(({ recipients }) => recipients)).toEqual([[leaving.address]]);
  },
);

mailTest("declined, neither a request nor an email leaves, and the list is not asked later", async () => {
  const user = await newSubscriber("<https://brand.test/u/declined>");
  const { client, browser } = await connectInBrowser(product, { user });
  const { url } = approvalOf(await client.call("unsubscribe", { id: await findEmail(client, "newsletter") }));
  expect((await browser.post(url, { decision: "edit" })).status).toBe(400);
  expect((await browser.post(url, { decision: "decline" })).state).toBe("declined");
  expect((await browser.post(url, { decision: "send" })).state).toBe("declined");
  expect(product.askedAt("/u/declined")).toEqual([]);
});

mailTest(
  "with the brake for new people, the list is asked at once where the person wrote to its domain",
  async () => {
    const kit = await mailServer();
    const user = await newSubscriber("<https://brand.test/u/brake>");
    const brake = { user, level: "send" as const, fields: { ask_for_new_people: "on" } };
    const { client } = await connectInBrowser(product, brake);
    const id = await findEmail(client, "newsletter");
    expect(approvalOf(await client.call("unsubscribe", { id })).state).toBe("waiting");
    expect(product.askedAt("/u/brake")).toEqual([]);

    const friend = await newSubscriber("<https://brand.test/u/brake>");
    const written = (to: string) =>
      `From: ${friend.address}\nTo: ${to}\nSubject: Hello\nMessage-ID: <${to}>\n\nHi.\n`;
    await kit.deliver(friend, written("help@brand.test.evil.test"), { mailbox: "Sent" });
    const first = await connectInBrowser(product, { ...brake, user: friend });
    expect(
      approvalOf(await first.client.call("unsubscribe", { id: await findEmail(first.client, "newsletter") }))
        .state,
    ).toBe("waiting");
    await kit.deliver(friend, written("Help <help@desk.brand.test>"), { mailbox: "Sent" });
    const second = await connectInBrowser(product, { ...brake, user: friend });
    const { data } = await second.client.call("unsubscribe", {
      id: await findEmail(second.client, "newsletter"),
    });
    expect(data).toMatchObject({ how: "one-click", target: "brand.test" });
    expect(data).not.toHaveProperty("approval");
    expect(product.askedAt("/u/brake")).toHaveLength(1);
  },
);
