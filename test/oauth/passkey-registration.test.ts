/** A passkey registered on the page after the login, before the client has its code. */
import { afterAll, beforeAll, expect } from "bun:test";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { createAuthenticator } from "../support/authenticator.ts";
import {
  type Authorization,
  beginAuthorization,
  formFields,
  readForm,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

let product: TestProduct;
beforeAll(async () => {
  product = await startProduct({ rates: wideRates });
});
afterAll(() => product?.stop());

type Form = Pick<Authorization, "action" | "fields">;

async function connect(
  level: "read" | "approve",
): Promise<{ begun: Authorization; form: Form; html: string }> {
  const kit = await mailServer();
  const begun = await beginAuthorization(product);
  const fields = { ...formFields(await kit.newUser(), kit, level), [fieldNames.next]: "ask" };
  const html = await (await submitForm(product, begun, fields)).text();
  return { begun, form: readForm(html), html };
}

const ask = (form: Form, headers: Record<string, string> = {}) =>
  submitForm(product, { ...form, action: "/oauth/passkey" }, {}, headers);

mailTest(
  "The page after the login registers a passkey, which the person's page then asks for each time",
  async () => {
    const { form, html } = await connect("approve");
    expect(html).toContain('data-passkey="/oauth/passkey"');
    const { create } = (await (await ask(form)).json()) as {
      create: { challenge: string; rp: { id: string } };
    };
    expect(create.rp.id).toBe("localhost");
    const passkey = createAuthenticator(product.url).create(create);
    const fields = { [fieldNames.next]: "passkey", each_time: "on", passkey };
    const added = await submitForm(product, form, { ...fields, private: "Half typed" });
    const page = await added.text();
    expect([added.status, page.includes("The passkey was added."), page.includes("Half typed")]).toEqual([
      ...[200, true, true],
    ]);
    // The response of the authenticator registers once.
    expect((await submitForm(product, readForm(page), fields)).status).toBe(400);

    const finished = await submitForm(product, readForm(page), { [fieldNames.next]: "finish", private: "" });
    await requireCode(finished);
    const [cookie = ""] = finished.headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
    const [, id = ""] = /connection-(grt_[0-9a-f]{32})=/.exec(cookie) ?? [];
    const own = await fetch(`${product.url}/connection/${id}`, { headers: { Cookie: cookie } });
    expect(await own.text()).toMatch(/name="each_time" value="on" checked/);
  },
);

mailTest(
  "Without a login, for another site or another browser there are no options; who only reads is offered none",
  async () => {
    const begun = await beginAuthorization(product);
    expect((await ask(begun)).status).toBe(400);
    const { form } = await connect("approve");
    const foreign: Record<string, string>[] = [
      { Origin: "https://evil.test" },
      { "Sec-Fetch-Site": "cross-site" },
      { Cookie: `browser=${"0".repeat(64)}` },
    ];
    for (const headers of foreign)
      expect([headers, (await ask(form, headers)).status]).toEqual([headers, 400]);
    expect((await submitForm(product, form, { [fieldNames.next]: "passkey", passkey: "" })).status).toBe(400);
    expect((await connect("read")).html).not.toContain("data-passkey=");
  },
);
