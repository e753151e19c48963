/** A passkey on the whole product, with an authenticator in software; test/more has the longer stories. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mailTest } from "../support/installed.ts";
import { askForOptions, ownPathOf, registerPasskey, sentBy } from "../support/passkey-person.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  connectInBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";

let hosted: PublicProduct;
beforeAll(async () => {
  hosted = await startPublicProduct({ rates: wideRates });
});
afterAll(() => hosted?.stop());

mailTest(
  "Y13: with “each time” neither cookie, nor password, nor link decides; the passkey does, for the shown email",
  async () => {
    const person = await connectInBrowser(hosted);
    const { client, user, browser } = person;
    const path = ownPathOf(person);
    const authenticator = await registerPasskey(person, hosted.publicUrl);
    const email = (body: string) => client.call("send_email", { to: [user.address], body });
    const [first, second] = [approvalOf(await email("One.")), approvalOf(await email("Two."))];
    // The cookie decides until the person wants to be asked.
    expect((await browser.post(first.url, { decision: "send" })).state).toBe("done");
    expect((await browser.post(path, { action: "each_time", each_time: "on" })).status).toBe(200);

    const { url } = second;
    const page = await browser.get(url);
    expect(page.html).toContain(`data-passkey="${new URL(url).pathname}/passkey"`);
    expect(page.html).not.toContain('name="password"');
    const alone = await browser.post(url, { decision: "send", passkey: "" });
    expect([alone.status, alone.state, alone.text.includes("This needs your passkey")]).toEqual([
      403,
      "waiting",
      true,
    ]);
    const proven = await browser.post(`${url}/prove`, { password: user.password });
    const { proof = "" } = proven.fields;
    expect((await browser.post(url, { decision: "send", proof })).status).toBe(403);
    expect((await browser.post(url, { decision: "decline" })).status).toBe(403);

    // Another decision's challenge, and somebody who is present and not verified.
    const forEdit = await askForOptions(browser, url, { decision: "edit" });
    const crossed = authenticator.get(forEdit.get);
    expect((await browser.post(url, { decision: "send", passkey: crossed })).status).toBe(403);
    const unverified = authenticator.get((await askForOptions(browser, url, { decision: "send" })).get, {
      verified: false,
    });
    expect((await browser.post(url, { decision: "send", passkey: unverified })).status).toBe(403);
    expect(await sentBy(user.address)).toHaveLength(1);

    const options = await askForOptions(browser, url, { decision: "send" });
    const passkey = authenticator.get(options.get);
    expect((await browser.post(url, { decision: "send", passkey })).state).toBe("done");
    expect(await sentBy(user.address)).toHaveLength(2);
    expect((await askForOptions(browser, url, { decision: "send" })).status).toBe(410);
  },
);
