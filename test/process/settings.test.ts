/** Settings that change limits of the running product. */
import { expect, test } from "bun:test";
import {
  beginAuthorization,
  connectMailbox,
  formFields,
  redeemCode,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { initializeMessage } from "../support/mcp-server.ts";
import { connectPerson } from "../support/person.ts";
import { withProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

describeMail("Settings of the operator", () => {
  test("CALLS_PER_MINUTE: the next call is refused with the time to wait, and counted as throttled", async () => {
    const METRICS_TOKEN = "a-token-for-metrics-0123456789";
    await withProduct({ settings: { CALLS_PER_MINUTE: "2", METRICS_TOKEN } }, async (product) => {
      const { client } = await connectPerson(product);
      await client.call("list_providers");
      await client.call("list_providers");
      const third = await client.try("list_providers");
      expect(third.isError).toBe(true);
      expect(third.text).toMatch(/in \d+ s\..*\(rate_limited\)/s);
      const metrics = await fetch(`${product.url}/metrics`, {
        headers: { Authorization: `Bearer ${METRICS_TOKEN}` },
      });
      expect(await metrics.text()).toContain('email_connector_throttled_total{what="list_providers"} 1\n');
      await client.close();
    });
  });

  test("SENDS_PER_HOUR: the next email is refused", async () => {
    await withProduct({ settings: { SENDS_PER_HOUR: "1" } }, async (product) => {
      const { user, client } = await connectPerson(product);
      await client.call("send_email", { to: [user.address], subject: "One", body: "…" });
      const second = await client.try("send_email", { to: [user.address], subject: "Two", body: "…" });
      expect(second.isError).toBe(true);
      expect(second.text).toContain("(rate_limited)");
      await client.close();
    });
  });

  test("ALLOWED_EMAILS: other mailboxes cannot be connected", async () => {
    await withProduct({ settings: { ALLOWED_EMAILS: "@elsewhere.test" } }, async (product) => {
      const user = await (await mailServer()).newUser();
      await expect(connectMailbox(product, user)).rejects.toThrow("the form answered 403");
    });
  });

  test("SESSION_IDLE_SECONDS, ACCESS_TOKEN_LIFETIME_SECONDS and AUTHORIZATION_CODE_LIFETIME_SECONDS: each expires on time", async () => {
    const clock = createTestClock();
    const settings = {
      SESSION_IDLE_SECONDS: "10",
      ACCESS_TOKEN_LIFETIME_SECONDS: "60",
      AUTHORIZATION_CODE_LIFETIME_SECONDS: "20",
    };
    await withProduct({ clock, settings }, async (product) => {
      const { accessToken } = await connectMailbox(product, await (await mailServer()).newUser());
      const call = (method: string, session?: string) =>
        fetch(`${product.url}/mcp`, {
          method: "POST",
          headers: {
            Authorization: `Bearer ${accessToken}`,
            "Content-Type": "application/json",
            ...(session === undefined ? {} : { "Mcp-Session-Id": session }),
          },
          body: JSON.stringify({ ...initializeMessage, method }),
        });
      const session = (await call("initialize")).headers.get("Mcp-Session-Id") ?? "";
      clock.advance(9_000);
      expect((await call("ping", session)).status).toBe(200);
      clock.advance(9_000);
      expect((await call("ping", session)).status).toBe(200);
      clock.advance(12_000);
      expect((await call("ping", session)).status).toBe(404);
      clock.advance(29_000);
      expect((await call("ping")).status).toBe(200);
      clock.advance(1_000);
      expect((await call("ping")).status).toBe(401);

      const begun = await beginAuthorization(product);
      const user = await (await mailServer()).newUser();
      const answer = await submitForm(product, begun, formFields(user, await mailServer()));
      const code = (await requireCode(answer)).get("code") ?? "";
      clock.advance(20_000);
      await expect(redeemCode(product, code, begun.verifier)).rejects.toThrow("invalid_grant");
    });
  });
});
