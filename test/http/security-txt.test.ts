/** /.well-known/security.txt (RFC 9116), from OPERATOR_CONTACT. */
import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../src/config.ts";
import { withProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

const path = "/.well-known/security.txt";
const dayMs = 24 * 60 * 60_000;

describe("The contact for reports of vulnerabilities", () => {
  test("RFC 9116 section 2.5: the file has the contacts in order, the date of its expiry and its own URL", async () => {
    const OPERATOR_CONTACT = "security@example.org, https://example.org/security";
    const clock = createTestClock(Date.UTC(2030, 0, 1));
    await withProduct({ settings: { OPERATOR_CONTACT }, clock }, async ({ url }) => {
      const response = await fetch(url + path);
      expect(response.headers.get("Content-Type")?.toLowerCase()).toBe("text/plain; charset=utf-8");
      expect(await response.text()).toBe(
        [
          "Contact: mailto:security@example.org",
          "Contact: https://example.org/security",
          "Expires: 2030-04-01T00:00:00.000Z",
          `Canonical: ${url}${path}`,
          "",
        ].join("\n"),
      );
    });
  });

  test("RFC 9116 section 2.5.5: the date of expiry lies less than a year ahead, and moves on with the clock", async () => {
    const clock = createTestClock(Date.UTC(2030, 0, 1));
    await withProduct({ settings: { OPERATOR_CONTACT: "https://example.org/s" }, clock }, async ({ url }) => {
      const expiry = async () =>
        Date.parse(/^Expires: (.*)$/m.exec(await (await fetch(url + path)).text())?.[1] ?? "");
      for (let year = 0; year < 2; year++) {
        const aheadMs = (await expiry()) - clock.now();
        expect(aheadMs).toBeWithin(30 * dayMs, 365 * dayMs);
        clock.advance(365 * dayMs);
      }
    });
  });

  test("there is no file without OPERATOR_CONTACT", async () => {
    await withProduct({}, async ({ url }) => {
      expect((await fetch(url + path)).status).toBe(404);
    });
  });

  test("OPERATOR_CONTACT takes addresses and URIs, and nothing else", () => {
    expect(
      loadConfig({
        OPERATOR_CONTACT: "a@example.org,mailto:b@example.org,https://example.org/x,tel:+49-30-1",
      }).operator.contacts,
    ).toEqual(["mailto:a@example.org", "mailto:b@example.org", "https://example.org/x", "tel:+49-30-1"]);
    for (const OPERATOR_CONTACT of [
      "ann",
      "http://example.org",
      "javascript:alert(1)",
      "a@b.c\nExpires: never",
    ])
      expect(() => loadConfig({ OPERATOR_CONTACT })).toThrow(
        "OPERATOR_CONTACT: each must be an email address",
      );
  });
});
