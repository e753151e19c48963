/** Signing in at a mail company in Chromium: the button, the issuer's own pages, the way back; and without a script. */
import { afterAll, expect } from "bun:test";
import { withBrowserFlow } from "../pages/browser-flow.ts";
import { continueToClient, waitForConnected } from "../pages/connect-page.ts";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { openClient } from "../support/mcp-client.ts";
import { startCompany } from "../support/sign-in.ts";

const company = await startCompany({ asks: true });
const both = { passwords: true };
afterAll(() => company.stop());

const product = (changes?: Record<string, unknown>) => ({ product: { settings: company.settings(changes) } });

describeBrowser("Signing in at a mail company, in a browser", () => {
  browserTest("The password gives way to the button; Claude then reads, searches and sends", async () => {
    const address = company.newAddress();
    await withBrowserFlow(async ({ page, open, redeem, callback, product: { url }, browserErrors }) => {
      await open();
      expect(await page.locator("#sign-in").isVisible()).toBe(false);
      await page.fill("#address", address);
      await page.getByRole("button", { name: "Continue with Example Mail" }).waitFor();
      expect(await page.locator("#password").isVisible()).toBe(false);
      expect(await page.getByRole("button", { name: "Connect", exact: true }).isVisible()).toBe(false);
      await page.check('input[name="level"][value="send"]');
      await page.getByRole("button", { name: "Continue with Example Mail" }).click();
      // The issuer's login and consent, in a document of its own.
      await page.click("#allow");
      await page.click("#allow");
      await waitForConnected(page);
      expect(await page.getByText(address).isVisible()).toBe(true);
      await continueToClient(page);
      await callback();
      const client = await openClient({ url }, (await redeem()).accessToken);
      await client.call("send_email", { to: [address], subject: "From Chromium", body: "Words to find." });
      expect((await client.call("search_emails", { query: "find" })).text).toContain("From Chromium");
      expect((await client.call("get_recent_emails")).text).toContain("From Chromium");
      await client.close();
      expect(browserErrors).toEqual([]);
    }, product());
  });

  browserTest(
    "The person refuses at the issuer: the form is back, says so, and has the focus on it",
    async () => {
      await withBrowserFlow(async ({ page, open }) => {
        await open();
        const address = company.newAddress();
        await page.fill("#address", address);
        await page.getByRole("button", { name: "Continue with Example Mail" }).click();
        await page.click("#refuse");
        await page.getByText("The permission was not given at Example Mail.").waitFor();
        expect(await page.inputValue("#address")).toBe(address);
        await page.getByRole("button", { name: "Continue with Example Mail" }).waitFor();
      }, product());
    },
  );

  browserTest(
    "Enter in the password field connects with the password, also where a sign-in is offered beside it",
    async () => {
      await withBrowserFlow(async ({ page, open }) => {
        await open();
        await page.fill("#address", company.newAddress());
        await page.getByRole("button", { name: "Continue with Example Mail" }).waitFor();
        await page.fill("#password", "an app password");
        const sent = page.waitForRequest((request) => request.url().endsWith("/oauth/connect"));
        await page.press("#password", "Enter");
        expect(new URLSearchParams((await sent).postData() ?? "").get("then")).toBe("ask");
      }, product(both));
    },
  );

  browserTest(
    "Enter in the address field, where no password works, leads to the page with the button",
    async () => {
      await withBrowserFlow(async ({ page, open }) => {
        await open();
        await page.fill("#address", company.newAddress());
        await page.getByRole("button", { name: "Continue with Example Mail" }).waitFor();
        await page.press("#address", "Enter");
        await page.waitForURL(/\/oauth\/connect$/);
        await page.getByRole("button", { name: "Continue with Example Mail" }).click();
        await page.waitForURL(`${company.issuer.url}/**`);
      }, product());
    },
  );

  browserTest.each([
    ["en-GB", "Connect", "Continue with Example Mail", "Connected as"],
    ["de-DE", "Verbinden", "Weiter mit Example Mail", "Verbunden als"],
    ["fr-FR", "Connecter", "Continuer avec Example Mail", "Connecté"],
  ])(
    "Without a script (%s), the next page shows the button, and the way to the issuer and back works",
    async (language, connect, button, heading) => {
      await withBrowserFlow(
        async ({ page, open }) => {
          await open();
          const address = company.newAddress();
          await page.fill("#address", address);
          await page.getByRole("button", { name: connect, exact: true }).click();
          await page.getByRole("button", { name: button }).click();
          await page.click("#allow");
          await page.click("#allow");
          await page.getByRole("heading", { name: heading }).waitFor();
          expect(await page.getByText(address).isVisible()).toBe(true);
        },
        { ...product(), script: false, language },
      );
    },
  );
});
