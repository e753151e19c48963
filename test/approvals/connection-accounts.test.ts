/** Mailboxes added to a live connection and removed from it, on the person's own page. */
import { afterAll, beforeAll, expect } from "bun:test";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { formFields, readForm } from "../support/authorize.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  type ConnectedPerson,
  connectInBrowser,
  type Page,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";

let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ rates: wideRates });
});
afterAll(() => product?.stop());

function pathOf({ browser }: Pick<ConnectedPerson, "browser">): string {
  const [name = ""] = [...browser.cookies.keys()].filter((each) => /connection-grt_/.test(each));
  return `/connection/${name.slice(name.indexOf("grt_"))}`;
}

/** Proves a password, and opens the form for another mailbox. */
async function openForm({ browser, user }: ConnectedPerson, path: string): Promise<Page> {
  const { proof = "" } = (await browser.post(`${path}/prove`, { password: user.password })).fields;
  return browser.post(path, { action: "add_account", proof });
}

async function submit(person: ConnectedPerson, page: Page, fields: Readonly<Record<string, string>>) {
  return person.browser.post("/oauth/connect", { ...readForm(page.html).fields, ...fields });
}

const entered = async (user: User) => ({
  ...formFields(user, await mailServer(), "approve"),
  [fieldNames.next]: "ask",
});

const listAddresses = async ({ client }: ConnectedPerson) => {
  const { data } = await client.call("list_mailboxes");
  return (data as { accounts: { address: string }[] }).accounts.map(({ address }) => address).sort();
};

mailTest(
  "Y13: another mailbox needs fresh proof; it is there for Claude at the next call, and gone at once when removed",
  async () => {
    const kit = await mailServer();
    const person = await connectInBrowser(product);
    const { browser, client, user } = person;
    const path = pathOf(person);
    expect((await browser.post(path, { action: "add_account" })).status).toBe(403);
    const form = await openForm(person, path);
    expect([form.status, form.text.includes("Back without adding a mailbox")]).toEqual([200, true]);
    const office = await kit.newUser();
    const wrong = await submit(person, form, { ...(await entered(office)), password: "wrong" });
    expect(wrong.status).toBe(400);
    const added = await submit(person, wrong, await entered(office));
    expect([added.status, added.headers.get("Location")]).toEqual([303, path]);
    expect(await listAddresses(person)).toEqual([office.address, user.address].sort());
    // The form is used up, and so is the proof.
    expect((await submit(person, form, await entered(await kit.newUser()))).status).toBe(400);

    const email = { account: office.address, to: [user.address], body: "From the office." };
    const { url } = approvalOf(await client.call("send_email", email));
    const page = await browser.get(path);
    const [, account = ""] =
      new RegExp(`value="(acc_[0-9a-f]+)"[^]{0,200}Remove ${office.address}`).exec(page.html) ?? [];
    expect((await browser.post(path, { action: "remove_account", account })).status).toBe(200);
    expect(await listAddresses(person)).toEqual([user.address]);
    expect((await browser.get(url)).state).toBe("declined");
  },
);

mailTest(
  "the way back and every other button of the form end on the page, and the connection goes on",
  async () => {
    const person = await connectInBrowser(product);
    const path = pathOf(person);
    for (const button of ["cancel", "finish", "add", "passkey"]) {
      const left = await submit(person, await openForm(person, path), { [fieldNames.next]: button });
      expect([button, left.status, left.headers.get("Location")]).toEqual([button, 303, path]);
    }
    const form = await openForm(person, path);
    const left = await submit(person, form, { remove: person.user.address, [fieldNames.next]: "ask" });
    expect([left.status, left.headers.get("Location")]).toEqual([303, path]);
    expect((await submit(person, form, await entered(person.user))).status).toBe(400);
    expect(await listAddresses(person)).toEqual([person.user.address]);
    // The last mailbox stays.
    const [, account = ""] =
      /name="account" value="(acc_[0-9a-f]+)"/.exec((await person.browser.get(path)).html) ?? [];
    expect((await person.browser.post(path, { action: "remove_account", account })).status).toBe(400);
    expect(await listAddresses(person)).toEqual([person.user.address]);
  },
);

mailTest("a form whose connection has ended adds nothing, and another browser cannot send it", async () => {
  const kit = await mailServer();
  const person = await connectInBrowser(product);
  const path = pathOf(person);
  const form = await openForm(person, path);
  const { fields } = readForm(form.html);
  const foreign = await fetch(`${product.url}/oauth/connect`, {
    method: "POST",
    redirect: "manual",
    headers: { Origin: product.publicUrl, Cookie: `__Host-browser=${"0".repeat(64)}` },
    body: new URLSearchParams({ ...fields, ...(await entered(await kit.newUser())) }),
  });
  expect(foreign.status).toBe(403);
  await person.browser.post(path, { action: "end" });
  expect((await submit(person, form, await entered(await kit.newUser()))).status).toBe(400);
  expect((await person.browser.get(path)).status).toBe(403);
});

mailTest("without a mailbox that can send, the level is lowered and Claude loses send_email", async () => {
  const kit = await mailServer();
  const person = await connectInBrowser(product);
  const { browser, client, user } = person;
  const path = pathOf(person);
  const reader = await kit.newUser();
  const form = await openForm(person, path);
  const refused = await submit(person, form, { ...(await entered(reader)), smtp_port: "1" });
  expect(refused.status).toBe(400);
  const added = await submit(person, refused, { ...(await entered(reader)), without_sending: "yes" });
  expect(added.status).toBe(303);
  const page = await browser.get(path);
  const [, account = ""] =
    new RegExp(`value="(acc_[0-9a-f]+)"[^]{0,200}Remove ${user.address}`).exec(page.html) ?? [];
  await browser.post(path, { action: "remove_account", account });
  expect(await listAddresses(person)).toEqual([reader.address]);
  const tools = (await client.client.listTools()).tools.map(({ name }) => name);
  expect([tools.includes("move_email"), tools.includes("send_email")]).toEqual([true, false]);
});
