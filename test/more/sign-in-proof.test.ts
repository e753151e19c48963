/** Proof of the person by a sign-in anew at the issuer, on the page of an approval and on that of a connection. */
import { afterAll, expect, test } from "bun:test";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { readForm } from "../support/authorize.ts";
import { createBrowser } from "../support/cookie-browser.ts";
import { openClient } from "../support/mcp-client.ts";
import { wideRates } from "../support/person.ts";
import { connectBySignIn, startCompany } from "../support/sign-in.ts";

const company = await startCompany();
const product = await company.startProduct({ rates: wideRates });
afterAll(async () => {
  await product.stop();
  await company.stop();
});

/** A person whose email waits, and the URL at which they decide. */
async function waitForApproval() {
  const address = company.newAddress();
  const browser = createBrowser();
  const tokens = await connectBySignIn(product, { address, level: "approve", browser });
  const client = await openClient(product, tokens.accessToken);
  const email = { to: [company.newAddress()], subject: "Waiting", body: "x" };
  const { data } = await client.call("send_email", email);
  await client.close();
  const { url } = data.approval as { url: string };
  return { address, browser, url };
}

const sentBy = (address: string) =>
  company.submission.submitted.filter(({ username }) => username === address).length;

test("On a loopback server the person signs in anew, sees the email, and sends it: prompt=login, max_age=0", async () => {
  const { address, url } = await waitForApproval();
  // The link alone, in a browser that the server does not know.
  const browser = createBrowser();
  const asked = await browser.get(url);
  expect(asked.html).toContain("Continue with Example Mail");
  expect(asked.html).not.toContain('type="password"');
  expect(asked.html).not.toContain(address);
  const left = await browser.post(`${url}/prove`, {});
  const request = new URL(left.headers.get("location") ?? "").searchParams;
  expect(left.status).toBe(303);
  expect(request.get("prompt")?.split(" ").sort()).toEqual(["consent", "login"]);
  expect(request.get("max_age")).toBe("0");
  expect(request.get("scope")).not.toContain("mail.send");
  const shown = await browser.follow(left);
  expect(shown.status).toBe(200);
  expect(shown.html).toContain("Waiting");
  const { fields } = readForm(shown.html);
  expect(fields.proof).toMatch(/^[0-9a-f]{64}$/);
  expect(sentBy(address)).toBe(0);
  const decided = await browser.post(url, { ...fields, decision: "send" });
  expect(decided.status).toBe(200);
  expect(sentBy(address)).toBe(1);
});

test("Another account at the issuer proves nothing, and neither does a refusal", async () => {
  const { address, url } = await waitForApproval();
  for (const person of [{ account: company.newAddress() }, { refuses: true }]) {
    const browser = createBrowser();
    company.issuer.person = person;
    const page = await browser.follow(await browser.post(`${url}/prove`, {}));
    company.issuer.person = {};
    expect(page.status).toBe(403);
    expect(page.html).toContain("did not show that this mailbox is yours");
    expect(page.html).not.toContain("Waiting");
    expect(readForm(page.html).fields.proof).toBeUndefined();
  }
  expect(sentBy(address)).toBe(0);
});

test("A proof that arrives in another browser proves nothing there", async () => {
  const { url } = await waitForApproval();
  const left = await createBrowser().post(`${url}/prove`, {});
  const page = await createBrowser().follow(left);
  expect(page.status).toBe(403);
  expect(page.html).toContain("Open this in your normal browser");
});

test("On the page of the connection a sign-in anew raises the level", async () => {
  const address = company.newAddress();
  const browser = createBrowser();
  await connectBySignIn(product, { address, level: "approve", browser });
  const list = await browser.get(`${product.url}/connection`);
  const [path = ""] = /\/connection\/grt_[0-9a-f]{32}/.exec(list.html) ?? [];
  const raise = (fields: Record<string, string>) =>
    browser.post(`${product.url}${path}`, { action: "level", level: "send", ...fields });
  expect((await raise({})).status).toBe(403);
  const page = await browser.follow(await browser.post(`${product.url}${path}/prove`, {}));
  expect(page.status).toBe(200);
  const [, proof = ""] = /name="proof" value="([0-9a-f]{64})"/.exec(page.html) ?? [];
  expect((await raise({ proof })).status).toBe(200);
});

test("After a sign-in anew, another mailbox is added to the connection by a sign-in of its own", async () => {
  const [address, office] = [company.newAddress(), company.newAddress()];
  const browser = createBrowser();
  const tokens = await connectBySignIn(product, { address, level: "approve", browser });
  const list = await browser.get(`${product.url}/connection`);
  const [path = ""] = /\/connection\/grt_[0-9a-f]{32}/.exec(list.html) ?? [];
  const page = await browser.follow(await browser.post(`${product.url}${path}/prove`, {}));
  const [, proof = ""] = /name="proof" value="([0-9a-f]{64})"/.exec(page.html) ?? [];
  const form = await browser.post(`${product.url}${path}`, { action: "add_account", proof });
  const { action, fields } = readForm(await form.text());
  const left = await browser.post(new URL(action, product.url).href, {
    ...fields,
    address: office,
    [fieldNames.next]: "sign-in",
  });
  const ended = await browser.follow(left);
  expect([ended.status, new URL(ended.url).pathname]).toEqual([200, path]);
  expect(ended.html).toContain(office);
  const client = await openClient(product, tokens.accessToken);
  const { data } = await client.call("list_mailboxes");
  const accounts = (data as { accounts: { address: string; can_send: boolean }[] }).accounts;
  expect(accounts.map((account) => [account.address, account.can_send])).toEqual([
    [address, true],
    [office, true],
  ]);
  await client.close();
});
