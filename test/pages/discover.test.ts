/** POST /oauth/discover, which the script of the connect page calls while an address is typed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { beginAuthorization, submitForm } from "../support/authorize.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createFakeNetwork } from "./browser-flow.ts";

describe("The discovery of the servers of an address", () => {
  let product: TestProduct;

  beforeAll(async () => {
    product = await startProduct({
      settings: { ALLOWED_EMAILS: "@gmail.com,@example.org" },
      outbound: createFakeNetwork({ mx: { "example.org": ["in1-smtp.messagingengine.com"] } }),
    });
  });
  afterAll(() => product.stop());

  const discover = (
    fields: Record<string, string>,
    headers: Record<string, string> = {},
    path = "/oauth/discover",
  ) => fetch(`${product.url}${path}`, { method: "POST", body: new URLSearchParams(fields), headers });
  const openPage = async () => (await beginAuthorization(product)).fields.request ?? "";

  test("returns the provider, the source and the servers, and is not cached", async () => {
    const response = await discover({ request: await openPage(), address: "ann@example.org" });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      provider: "fastmail",
      source: "mx",
      imap: { host: "imap.fastmail.com", port: 993, security: "tls" },
      smtp: { host: "smtp.fastmail.com", port: 465, security: "tls" },
      username: "address",
    });
  });

  test("refuses a missing and a forged request, another site and a query", async () => {
    const request = await openPage();
    const address = "ann@example.org";
    for (const response of [
      await discover({ address }),
      await discover({ request: "AAAA", address }),
      await discover({ request, address }, { "Sec-Fetch-Site": "cross-site" }),
      await discover({ request, address }, {}, "/oauth/discover?x=1"),
    ]) {
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain("fastmail");
    }
    expect((await fetch(`${product.url}/oauth/discover`)).status).toBe(405);
  });

  test("refuses an invalid address and one that is not allowed, in JSON", async () => {
    const request = await openPage();
    for (const [address, status] of [
      ["ann", 400],
      ["ann@elsewhere.example", 403],
    ] as const) {
      const response = await discover({ request, address });
      expect(response.status).toBe(status);
      expect(response.headers.get("Content-Type")).toContain("application/json");
    }
  });

  test("without a script, answers an address alone with the form, the provider selected and its help", async () => {
    const authorization = await beginAuthorization(product);
    const response = await submitForm(product, authorization, {
      address: "ann@example.org",
      [fieldNames.next]: "ask",
    });
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(html).toMatch(/<option value="fastmail" selected/);
    expect(html).toContain("hosted by Fastmail");
    expect(html).not.toContain('role="alert" class="problem" tabindex="-1">');
  });
});
