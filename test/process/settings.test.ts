/** Settings that change what the running product does. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { connectPerson } from "../support/person.ts";
import { withProduct } from "../support/product.ts";

describeMail("What an operator sets", () => {
  test("CALLS_PER_MINUTE: one call more is refused with when, and counted as throttled", async () => {
    const METRICS_TOKEN = "a-token-for-metrics-0123456789";
    await withProduct({ settings: { CALLS_PER_MINUTE: "2", METRICS_TOKEN } }, async (product) => {
      const { client } = await connectPerson(product);
      await client.call("list_providers");
      await client.call("list_providers");
      const third = await client.try("list_providers");
      expect(third.isError).toBe(true);
      expect(third.text).toMatch(/\d+ seconds.*\(rate_limited\)/s);
      const metrics = await fetch(`${product.url}/metrics`, {
        headers: { Authorization: `Bearer ${METRICS_TOKEN}` },
      });
      expect(await metrics.text()).toContain('email_connector_throttled_total{what="list_providers"} 1\n');
      await client.close();
    });
  });

  test("SENDS_PER_HOUR: one email more is refused with when", async () => {
    await withProduct({ settings: { SENDS_PER_HOUR: "1" } }, async (product) => {
      const { user, client } = await connectPerson(product);
      await client.call("send_email", { to: [user.address], subject: "One", body: "…" });
      const second = await client.try("send_email", { to: [user.address], subject: "Two", body: "…" });
      expect(second.isError).toBe(true);
      expect(second.text).toContain("(rate_limited)");
      await client.close();
    });
  });

  test("ALLOWED_EMAILS: somebody else's mailbox is not connected", async () => {
    await withProduct({ settings: { ALLOWED_EMAILS: "@elsewhere.test" } }, async (product) => {
      await expect(connectPerson(product)).rejects.toThrow("the form answered 403");
    });
  });
});
