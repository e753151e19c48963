/** Answers to invitations and requests to mailing lists that wait for the person, on the whole product. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mailTest } from "../support/installed.ts";
import { invitations, toInvitationEmail } from "../support/invitations.ts";
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
  "a one-click request waits at the level approve, and is sent once when the person decides",
  async () => {
    const user = await newSubscriber("<https://brand.test/u/waits>");
    const { client, browser } = await connectInBrowser(product, { user });
    const id = await findEmail(client, "newsletter");
    const answer = await client.call("unsubscribe", { id });
    expect(answer.data).toMatchObject({ how: "one-click", target: "brand.test" });
    expect(answer.text).toContain("Nothing is unsubscribed yet");
    expect(answer.text).not.toContain("took it");
    const approval = approvalOf(answer);
    expect(approval).toMatchObject({ kind: "unsubscribe", state: "waiting" });
    expect(approvalOf(await client.call("unsubscribe", { id })).id).toBe(approval.id);
    expect(product.askedAt("/u/waits")).toEqual([]);

    const page = await browser.get(approval.url);
    for (const words of [
      "https://brand.test/u/waits",
      "news@brand.test",
      "newsletter",
      "You have never written to anybody there.",
    ])
      expect(page.text).toContain(words);
    expect((await browser.get(`/connection/${grantOf(browser)}`)).text).toContain("newsletter");

    const decided = await browser.post(approval.url, { decision: "send" });
    expect([decided.status, decided.state]).toEqual([200, "done"]);
    expect(decided.text).toContain("brand.test took the request.");
    expect(product.askedAt("/u/waits")).toEqual(["List-Unsubscribe=One-Click"]);
    await browser.post(approval.url, { decision: "send" });
    const again = await client.call("unsubscribe", { id });
    expect(approvalOf(again).state).toBe("done");
    expect(again.text).toContain("took it");
    expect(product.askedAt("/u/waits")).toHaveLength(1);
    expect(await submittedBy(user)).toEqual([]);
  },
);

/** The grant that a browser's cookie is for. */
function grantOf({ cookies }: { cookies: ReadonlyMap<string, string> }): string {
  return [...cookies.keys()].map((name) => /grt_[0-9a-f]+/.exec(name)?.[0]).find(Boolean) ?? "";
}

mailTest(
  "an answer to an invitation that its organizer did not send waits, and the page says so",
  async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const ben = await kit.setUser("ben@zimbra.test");
    const calendar = (invitations[4]?.calendar ?? "").replaceAll("ann@example.test", user.address);
    await kit.deliver(user, toInvitationEmail(calendar, { from: "Eve <eve@evil.test>" }));
    const { client, browser } = await connectInBrowser(product, { user });
    const id = await findEmail(client, "Invitation");
    const before = (await kit.read(ben)).length;
    const accept = { id, answer: "accept", comment: "Gladly." };
    const answer = await client.call("answer_invitation", accept);
    expect(answer.data).toMatchObject({ event: "Handover", organizer: "ben@zimbra.test" });
    const approval = approvalOf(answer);
    expect(approval).toMatchObject({ kind: "answer", state: "waiting" });
    const page = await browser.get(approval.url);
    for (const words of ["ben@zimbra.test", "Gladly.", "The organizer did not send this invitation"])
      expect(page.text).toContain(words);
    expect(await kit.read(ben)).toHaveLength(before);

    expect((await browser.post(approval.url, { decision: "send" })).state).toBe("done");
    const received = (await kit.read(ben)).slice(before);
    expect(received).toHaveLength(1);
    expect(received[0]?.raw).toContain("PARTSTAT=3DACCEPTED");
    expect(approvalOf(await client.call("answer_invitation", accept)).state).toBe("done");
    expect(await kit.read(ben)).toHaveLength(before + 1);
  },
);
