/** Approvals on the whole product: an email waits, the person decides on the page, and exactly that email goes out. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  connectInBrowser,
  openBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

const clock = createTestClock();
let hosted: PublicProduct;
let local: TestProduct;

beforeAll(async () => {
  [hosted, local] = await Promise.all([
    startPublicProduct({ clock, rates: wideRates }),
    startProduct({ rates: wideRates }),
  ]);
});
afterAll(async () => {
  await Promise.all([hosted?.stop(), local?.stop()]);
});

/** The emails that the submission server took from a user. */
async function submittedBy(address: string) {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === address);
}

async function newAddress(): Promise<string> {
  return (await (await mailServer()).newUser()).address;
}

mailTest("Y01: at the level approve send_email sends nothing, waits, and says where to decide", async () => {
  const { client, user } = await connectInBrowser(hosted);
  const answer = await client.call("send_email", { to: [await newAddress()], subject: "Plan", body: "Hi." });
  const approval = approvalOf(answer);
  expect(approval).toMatchObject({ kind: "send", state: "waiting" });
  expect(approval.id).toMatch(/^apr_[0-9a-f]{32}$/);
  expect(approval.url).toMatch(new RegExp(`^https://mail.example/approve/${approval.id}/[0-9a-f]{64}$`));
  expect(answer.text).toContain(approval.url);
  expect(answer.isError).toBe(false);
  expect(await submittedBy(user.address)).toEqual([]);
});

mailTest(
  "Y02: on https the cookie of connecting decides, and exactly the shown email is delivered",
  async () => {
    const { client, user, browser } = await connectInBrowser(hosted);
    const to = await newAddress();
    const body = "Dear Ann,\n\nline *two*\n\n> quoted <b>";
    const { url } = approvalOf(await client.call("send_email", { to: [to], subject: "Plan & <more>", body }));
    const page = await browser.get(url);
    expect([page.status, page.state]).toEqual([200, "waiting"]);
    expect(page.text).toContain(to);
    expect(page.text).toContain("Plan & <more>");
    expect(page.text).toContain("You have never written to this address.");
    expect(await submittedBy(user.address)).toEqual([]);

    const decided = await browser.post(url, { decision: "send" });
    expect([decided.status, decided.state]).toEqual([200, "done"]);
    const [sent, ...others] = await submittedBy(user.address);
    expect(others).toEqual([]);
    expect(sent?.recipients).toEqual([to]);
    const { read } = await mailServer();
    const copies = await read(user, "Sent");
    expect(copies).toHaveLength(1);
    expect(copies[0]?.raw.replace(/\r\n/g, "\n")).toBe(sent?.raw.replace(/\r\n/g, "\n") ?? "");

    // The same call again tells what became of it.
    const again = await client.call("send_email", { to: [to], subject: "Plan & <more>", body });
    expect(approvalOf(again).state).toBe("done");
    expect(again.data.accepted).toEqual([to]);
    expect(await submittedBy(user.address)).toHaveLength(1);
  },
);

mailTest(
  "Y02: on a loopback server the cookie alone shows and does not decide; an app password does, once",
  async () => {
    const { client, user, browser } = await connectInBrowser(local);
    const { url } = approvalOf(await client.call("send_email", { to: [await newAddress()], body: "Hi." }));
    const page = await browser.get(url);
    expect(page.text).toContain("Hi.");
    expect(page.html).not.toContain('name="decision"');
    expect((await browser.post(url, { decision: "send" })).status).toBe(403);
    expect(await submittedBy(user.address)).toEqual([]);

    const proven = await browser.post(`${url}/prove`, { password: user.password });
    const proof = proven.fields.proof ?? "";
    expect(proof).toMatch(/^[0-9a-f]{64}$/);
    expect((await browser.post(url, { decision: "send", proof })).state).toBe("done");
    expect(await submittedBy(user.address)).toHaveLength(1);
  },
);

mailTest(
  "Y03: without a cookie the page asks for proof, and nothing but a secret of the grant decides",
  async () => {
    const { client, user, browser } = await connectInBrowser(hosted);
    const other = await connectInBrowser(hosted);
    const secretWord = "canary-of-the-text";
    const { url, id } = approvalOf(
      await client.call("send_email", { to: [await newAddress()], body: secretWord }),
    );
    const stranger = openBrowser(hosted);
    const page = await stranger.get(url);
    expect([page.status, page.state]).toEqual([200, "waiting"]);
    expect(page.html).toContain('name="password"');
    for (const hidden of [secretWord, user.address]) expect(page.html).not.toContain(hidden);

    // The link alone, as curl or as a page of ours would send it; another grant's secret under this grant's name.
    expect((await stranger.post(url, { decision: "send" })).status).toBe(403);
    const [[name = ""] = []] = [...browser.cookies].filter(([each]) =>
      each.startsWith("__Host-connection-grt_"),
    );
    const [[, otherSecret = ""] = []] = [...other.browser.cookies].filter(([each]) =>
      each.includes("connection-"),
    );
    stranger.cookies.set(name, otherSecret);
    expect((await stranger.get(url)).html).not.toContain(secretWord);
    expect((await stranger.post(url, { decision: "send" })).status).toBe(403);
    expect((await other.browser.post(url, { decision: "send" })).status).toBe(403);

    // Another site, and a program that has the cookie but no Origin.
    const foreign: Record<string, string>[] = [
      { Origin: "https://evil.example" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "none" },
      { Origin: "" },
      { Origin: "null" },
    ];
    for (const headers of foreign)
      expect((await browser.post(url, { decision: "send" }, headers)).status).toBe(403);
    expect((await browser.get(url.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).status).toBe(404);
    expect(await submittedBy(user.address)).toEqual([]);

    const both = await Promise.all([
      browser.post(url, { decision: "send" }),
      browser.post(url, { decision: "send" }),
    ]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(await submittedBy(user.address)).toHaveLength(1);
    expect(id).toMatch(/^apr_/);
  },
);

mailTest("Y03: after an hour the approval has expired, and its bytes are gone", async () => {
  const { client, user, browser } = await connectInBrowser(hosted);
  const { url, expires_at } = approvalOf(
    await client.call("send_email", { to: [await newAddress()], body: "Hi." }),
  );
  expect(Date.parse(expires_at) - clock.now()).toBeLessThanOrEqual(3_600_000);
  clock.advance(3_600_000);
  const late = await browser.post(url, { decision: "send" });
  expect([late.status, late.state]).toEqual([410, "expired"]);
  expect(await submittedBy(user.address)).toEqual([]);
});

mailTest("Y08: an email is decided after its token was refreshed and its session has gone", async () => {
  const { client, user, browser, accessToken } = await connectInBrowser(hosted);
  const { url } = approvalOf(await client.call("send_email", { to: [await newAddress()], body: "Hi." }));
  const ended = await fetch(`${hosted.url}/mcp`, {
    method: "DELETE",
    headers: {
      Authorization: `Bearer ${accessToken}`,
      "Mcp-Session-Id": client.transport.sessionId ?? "",
    },
  });
  expect(ended.status).toBe(200);
  const database = new Database(join(hosted.dataDir, "email-connector.db"));
  database.run("delete from tokens");
  database.close();
  expect((await browser.post(url, { decision: "send" })).state).toBe("done");
  expect(await submittedBy(user.address)).toHaveLength(1);
});
