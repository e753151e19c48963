/** Mailboxes added to a live connection and removed from it, on the person's own page. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { enterAccount, listAddresses, openAccountForm, submitAccountForm } from "../support/own-accounts.ts";
import { ownPathOf } from "../support/passkey-person.ts";
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

mailTest(
  "Y13: another mailbox needs fresh proof; it is there for Claude at the next call, and gone at once when removed",
  async () => {
    const kit = await mailServer();
    const person = await connectInBrowser(product);
    const { browser, client, user } = person;
    const path = ownPathOf(person);
    expect((await browser.post(path, { action: "add_account" })).status).toBe(403);
    const form = await openAccountForm(person, path);
    expect([form.status, form.text.includes("Back without adding a mailbox")]).toEqual([200, true]);
    const office = await kit.newUser();
    const wrong = await submitAccountForm(person, form, {
      ...(await enterAccount(office)),
      password: "wrong",
    });
    expect(wrong.status).toBe(400);
    const added = await submitAccountForm(person, wrong, await enterAccount(office));
    expect([added.status, added.headers.get("Location")]).toEqual([303, path]);
    expect(await listAddresses(person)).toEqual([office.address, user.address].sort());
    // The form is used up, and so is the proof.
    expect((await submitAccountForm(person, form, await enterAccount(await kit.newUser()))).status).toBe(400);

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
