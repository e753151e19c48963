/** The ways out of the form that adds a mailbox to a live connection, and what is left when one is removed. */
import { afterAll, beforeAll, expect } from "bun:test";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { readForm } from "../support/authorize.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { enterAccount, listAddresses, openAccountForm, submitAccountForm } from "../support/own-accounts.ts";
import { ownPathOf } from "../support/passkey-person.ts";
import { wideRates } from "../support/person.ts";
import { connectInBrowser, type PublicProduct, startPublicProduct } from "../support/person-browser.ts";

let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ rates: wideRates });
});
afterAll(() => product?.stop());

mailTest(
  "the way back and every other button of the form end on the page, and the connection goes on",
  async () => {
    const person = await connectInBrowser(product);
    const path = ownPathOf(person);
    for (const button of ["cancel", "finish", "add", "passkey"]) {
      const left = await submitAccountForm(person, await openAccountForm(person, path), {
        [fieldNames.next]: button,
      });
      expect([button, left.status, left.headers.get("Location")]).toEqual([button, 303, path]);
    }
    const form = await openAccountForm(person, path);
    const left = await submitAccountForm(person, form, {
      remove: person.user.address,
      [fieldNames.next]: "ask",
    });
    expect([left.status, left.headers.get("Location")]).toEqual([303, path]);
    expect((await submitAccountForm(person, form, await enterAccount(person.user))).status).toBe(400);
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
  const path = ownPathOf(person);
  const form = await openAccountForm(person, path);
  const { fields } = readForm(form.html);
  const foreign = await fetch(`${product.url}/oauth/connect`, {
    method: "POST",
    redirect: "manual",
    headers: { Origin: product.publicUrl, Cookie: `__Host-browser=${"0".repeat(64)}` },
    body: new URLSearchParams({ ...fields, ...(await enterAccount(await kit.newUser())) }),
  });
  expect(foreign.status).toBe(403);
  await person.browser.post(path, { action: "end" });
  expect((await submitAccountForm(person, form, await enterAccount(await kit.newUser()))).status).toBe(400);
  expect((await person.browser.get(path)).status).toBe(403);
});

mailTest("without a mailbox that can send, the level is lowered and Claude loses send_email", async () => {
  const kit = await mailServer();
  const person = await connectInBrowser(product);
  const { browser, client, user } = person;
  const path = ownPathOf(person);
  const reader = await kit.newUser();
  const form = await openAccountForm(person, path);
  const refused = await submitAccountForm(person, form, { ...(await enterAccount(reader)), smtp_port: "1" });
  expect(refused.status).toBe(400);
  const added = await submitAccountForm(person, refused, {
    ...(await enterAccount(reader)),
    without_sending: "yes",
  });
  expect(added.status).toBe(303);
  const page = await browser.get(path);
  const [, account = ""] =
    new RegExp(`value="(acc_[0-9a-f]+)"[^]{0,200}Remove ${user.address}`).exec(page.html) ?? [];
  await browser.post(path, { action: "remove_account", account });
  expect(await listAddresses(person)).toEqual([reader.address]);
  const tools = (await client.client.listTools()).tools.map(({ name }) => name);
  expect([tools.includes("move_email"), tools.includes("send_email")]).toEqual([true, false]);
});
