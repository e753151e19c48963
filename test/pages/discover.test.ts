/** POST /oauth/discover: what the connect page's script asks while an address is typed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { beginAuthorization, submitForm } from "../support/authorize.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createWorld } from "./visitor.ts";

describe("Asking for the servers of an address", () => {
  let product: TestProduct;

  beforeAll(async () => {
    product = await startProduct({
      settings: { ALLOWED_EMAILS: "@gmail.com,@example.org" },
      outbound: createWorld({ mx: { "example.org": ["in1-smtp.messagingengine.com"] } }),
    });
  });
  afterAll(() => product.stop());

  const ask = (
    fields: Record<string, string>,
    headers: Record<string, string> = {},
    path = "/oauth/discover",
  ) => fetch(`${product.url}${path}`, { method: "POST", body: new URLSearchParams(fields), headers });
  const openPage = async () => (await beginAuthorization(product)).fields.request ?? "";

  test("An open page is told the company, how it was found, and its servers, and nothing is cached", async () => {
    const response = await ask({ request: await openPage(), address: "ann@example.org" });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      provider: "fastmail",
      source: "mx",
      imap: { host: "imap.fastmail.com", port: 993, security: "tls" },
      smtp: { host: "smtp.fastmail.com", port: 465, security: "tls" },
      username: "address",
    });
  });

  test("Without an open page, with a forged one, from another site or with a query, nothing is told", async () => {
    const request = await openPage();
    const address = "ann@example.org";
    for (const response of [
      await ask({ address }),
      await ask({ request: "AAAA", address }),
      await ask({ request, address }, { "Sec-Fetch-Site": "cross-site" }),
      await ask({ request, address }, {}, "/oauth/discover?x=1"),
    ]) {
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain("fastmail");
    }
    expect((await fetch(`${product.url}/oauth/discover`)).status).toBe(405);
  });

  test("What is no address, and an address that may not connect, are refused in JSON", async () => {
    const request = await openPage();
    for (const [address, status] of [
      ["ann", 400],
      ["ann@elsewhere.example", 403],
    ] as const) {
      const response = await ask({ request, address });
      expect(response.status).toBe(status);
      expect(response.headers.get("Content-Type")).toContain("application/json");
    }
  });

  test("A page that is sent with an address alone comes back with the company chosen and its help", async () => {
    const begun = await beginAuthorization(product);
    const response = await submitForm(product, begun, {
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
