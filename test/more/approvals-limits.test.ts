/** Limits of approvals: how many wait, how many are sent, how many passwords are tried. */
import { afterAll, beforeAll, expect } from "bun:test";
import { toRaw } from "../support/emails.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  connectInBrowser,
  openBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";
import { createTestClock } from "../support/test-clock.ts";

const clock = createTestClock();
let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ clock, rates: wideRates, settings: { SENDS_PER_HOUR: "2" } });
});
afterAll(() => product?.stop());

mailTest("Y09: a sixth approval is refused with what waits", async () => {
  const { client, user } = await connectInBrowser(product);
  const waiting: string[] = [];
  for (let at = 1; at <= 5; at += 1)
    waiting.push(approvalOf(await client.call("send_email", { to: [user.address], body: `No. ${at}` })).url);
  const sixth = await client.try("send_email", { to: [user.address], body: "No. 6" });
  expect(sixth.isError).toBe(true);
  for (const url of waiting) expect(sixth.text).toContain(url);
});

mailTest("An idempotency key of an email that waits is refused for another one", async () => {
  const { client, user } = await connectInBrowser(product);
  const email = { to: [user.address], body: "First.", idempotency_key: "one" };
  const { id } = approvalOf(await client.call("send_email", email));
  expect(approvalOf(await client.call("send_email", email)).id).toBe(id);
  const other = await client.try("send_email", { ...email, body: "Second." });
  expect([other.isError, other.text.includes("invalid_input")]).toEqual([true, true]);
});

mailTest("Y09: over the send limit an approved email keeps waiting and says when", async () => {
  const { client, user, browser } = await connectInBrowser(product);
  const urls: string[] = [];
  for (let at = 1; at <= 3; at += 1)
    urls.push(approvalOf(await client.call("send_email", { to: [user.address], body: `No. ${at}` })).url);
  const states: (string | undefined)[] = [];
  for (const url of urls) states.push((await browser.post(url, { decision: "send" })).state);
  expect(states).toEqual(["done", "done", "waiting"]);
  const [, , third = ""] = urls;
  const refused = await browser.post(third, { decision: "send" });
  expect(refused.status).toBe(429);
  expect(refused.text).toMatch(/may go at \d{4}-\d\d-\d\dT/);
  // Checked when it is asked for, too.
  expect((await client.try("send_email", { to: [user.address], body: "No. 4" })).text).toContain(
    "rate_limited",
  );
});

mailTest(
  "Y09: after five wrong passwords no further one is tried on the approval, and the cookie still decides",
  async () => {
    const { client, user, browser } = await connectInBrowser(product);
    const { url } = approvalOf(await client.call("send_email", { to: [user.address], body: "Guess." }));
    const guesser = openBrowser(product);
    const statuses: number[] = [];
    for (let at = 0; at < 5; at += 1)
      statuses.push((await guesser.post(`${url}/prove`, { password: `wrong ${at}` })).status);
    expect(statuses).toEqual([403, 403, 403, 403, 403]);
    expect((await guesser.post(`${url}/prove`, { password: user.password })).status).toBe(429);
    expect(guesser.cookies.size).toBe(0);
    const [name = ""] = [...browser.cookies.keys()].filter((each) => each.includes("connection-"));
    const page = await browser.get(`/connection/${name.slice("__Host-connection-".length)}`);
    expect(page.text).toContain("5 wrong passwords");
    expect((await browser.post(url, { decision: "send" })).state).toBe("done");
  },
);

mailTest("Y09: ten wrong passwords in an hour end the tries on every approval of the grant", async () => {
  const { client, user } = await connectInBrowser(product);
  const urls: string[] = [];
  for (let at = 1; at <= 3; at += 1)
    urls.push(approvalOf(await client.call("send_email", { to: [user.address], body: `No. ${at}` })).url);
  const guesser = openBrowser(product);
  for (let at = 0; at < 10; at += 1) await guesser.post(`${urls[at % 2]}/prove`, { password: `wrong ${at}` });
  const late = await guesser.post(`${urls[2]}/prove`, { password: user.password });
  expect([late.status, late.headers.get("Retry-After")]).toEqual([429, "3600"]);
  clock.advance(3_600_001);
});

mailTest("A person who has declined again and again is not asked again within the hour", async () => {
  const { client, user, browser, accessToken } = await connectInBrowser(product);
  const email = { to: [user.address], body: "Please!" };
  for (let at = 0; at < 4; at += 1) {
    const { url } = approvalOf(await client.call("send_email", email));
    expect((await browser.post(url, { decision: "decline" })).state).toBe("declined");
  }
  expect((await client.try("send_email", email)).text).toContain("rate_limited");
  clock.advance(3_600_001);
  const later = await openClient(product, accessToken);
  expect(approvalOf(await later.call("send_email", email)).state).toBe("waiting");
});

mailTest("APPROVALS_MAX_MB bounds what waits over all grants, and 25 MB what waits in one", async () => {
  const kit = await mailServer();
  const small = await startPublicProduct({ rates: wideRates, settings: { APPROVALS_MAX_MB: "1" } });
  try {
    const { client, user } = await connectInBrowser(small);
    const attachments = [{ filename: "big.bin", content: Buffer.alloc(1_200_000, "x") }];
    await kit.deliver(user, await toRaw({ subject: "Big", text: "x", attachments }));
    const { data } = await client.call("get_recent_emails");
    const [{ id = "" } = {}] = (data as { emails: { id: string }[] }).emails;
    const forward = { forward: id, to: [user.address] };
    expect((await client.try("send_email", forward)).text.slice(-20)).toContain("(busy)");
    expect(approvalOf(await client.call("send_email", { to: [user.address], body: "Small." })).state).toBe(
      "waiting",
    );
  } finally {
    await small.stop();
  }
});
