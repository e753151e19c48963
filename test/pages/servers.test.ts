/** The discovery of servers on the connect page, with its script and without. */
import { expect } from "bun:test";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { providerServers, withBrowserFlow } from "./browser-flow.ts";
import { chooseProvider, connect, continueToClient, typeMailbox, waitForConnected } from "./connect-page.ts";

describeBrowser("The servers of an address", () => {
  browserTest(
    "The provider is selected while the address is typed, by its domain, MX and SRV records",
    async () => {
      const network = {
        mx: { "byexchange.example": ["aspmx.l.google.com"] },
        srv: {
          "_imaps._tcp.byservice.example": [{ host: "mail.byservice.example", port: 993 }],
          "_submission._tcp.byservice.example": [{ host: "out.byservice.example", port: 587 }],
        },
      };
      await withBrowserFlow(
        async ({ page, open, browserErrors }) => {
          await open();
          const type = async (address: string, says: RegExp) => {
            await page.fill("#address", address);
            await page.locator("#found").filter({ hasText: says }).waitFor();
            return page.inputValue("#provider");
          };
          expect(await type("ann@icloud.com", /Found: iCloud Mail/)).toBe("icloud");
          expect(await page.locator('[data-help="icloud"]').isVisible()).toBe(true);
          expect(await page.locator("#imap_host").isVisible()).toBe(false);

          expect(await type("ann@byexchange.example", /hosted by Gmail/)).toBe("gmail");
          expect(await page.locator('[data-help="gmail"]').innerText()).toContain("2-Step Verification");

          expect(await type("ann@byservice.example", /names these mail servers/)).toBe("generic");
          expect(await page.inputValue("#imap_host")).toBe("mail.byservice.example");
          // Servers to check are shown; the control above them folds them with the list.
          expect(await page.locator("#imap_host").isVisible()).toBe(true);
          await page.locator("#choice summary").click();
          expect(await page.locator("#imap_host").isVisible()).toBe(false);
          expect(await page.inputValue("#smtp_port")).toBe("587");
          expect(await page.inputValue("#smtp_security")).toBe("false");

          expect(await type("ann@nowhere.example", /usual names/)).toBe("generic");
          expect(await page.inputValue("#imap_host")).toBe("imap.nowhere.example");

          await chooseProvider(page, "fastmail");
          await page.fill("#address", "ann@gmail.com");
          await page.locator("#password").focus();
          expect(await page.inputValue("#provider")).toBe("fastmail");
          expect(browserErrors).toEqual([]);
        },
        { network },
      );
    },
  );

  browserTest(
    "For a provider that accepts no passwords, the page says so and hides the password field",
    async () => {
      await withBrowserFlow(
        async ({ page, open }) => {
          await open();
          await page.fill("#address", "ann@outlook.com");
          await page.locator('[data-help="outlook"]').waitFor();
          expect(await page.innerText('[data-help="outlook"]')).toMatch(/September 2024.*forward/s);
          expect(await page.locator("#password").isVisible()).toBe(false);
          expect(await page.getByRole("button", { name: "Connect", exact: true }).isVisible()).toBe(false);
        },
        { network: {} },
      );
    },
  );

  browserTest(
    "Without a script, an unknown domain is answered with the usual servers to correct",
    async () => {
      await withBrowserFlow(
        async ({ page, open }) => {
          await open();
          await page.fill("#address", "ann@nowhere.example");
          await page.keyboard.press("Enter");
          await page.getByText("These are the usual names").waitFor();
          expect(await page.inputValue("#imap_host")).toBe("imap.nowhere.example");
          expect(await page.inputValue("#smtp_host")).toBe("smtp.nowhere.example");
        },
        { network: {}, script: false },
      );
    },
  );

  browserTest(
    "Without a script, an address alone is answered with its provider, and the login works",
    async () => {
      const kit = await mailServer();
      const user = await kit.setUser("script-off@gmail.com");
      const servers = await providerServers({ imap: "imap.gmail.com", smtp: "smtp.gmail.com" });
      await withBrowserFlow(
        async ({ page, open, callback }) => {
          await open();
          expect(await page.locator("#show-password").isVisible()).toBe(false);
          await page.fill("#address", user.address);
          await page.keyboard.press("Enter");
          await page.locator('[data-help="gmail"]').waitFor();
          expect(await page.inputValue("#provider")).toBe("gmail");
          expect(await page.inputValue("#address")).toBe(user.address);
          // Google displays an app password in groups of four.
          await page.fill("#password", user.password.replace(/(.{4})/g, "$1 "));
          await page.keyboard.press("Enter");
          await waitForConnected(page);
          await continueToClient(page);
          await page.getByText("Back at the client.").waitFor();
          expect((await callback()).get("code")).toMatch(/^[0-9a-f]{48}$/);
        },
        { network: { servers }, script: false },
      );
    },
  );

  browserTest(
    "RFC 6186 section 6: servers of another domain are shown before they get the password",
    async () => {
      const kit = await mailServer();
      const user = await kit.setUser("ann@own-domain.example");
      const srv = {
        "_imaps._tcp.own-domain.example": [{ host: "mail.elsewhere.example", port: 993 }],
        "_submissions._tcp.own-domain.example": [{ host: "mail.elsewhere.example", port: 465 }],
      };
      const servers = await providerServers({
        imap: "mail.elsewhere.example",
        smtp: "mail.elsewhere.example",
      });
      await withBrowserFlow(
        async ({ page, open }) => {
          await open();
          await typeMailbox(page, user);
          await connect(page);
          await page.locator("#imap_host-problem").filter({ hasText: "another domain" }).waitFor();
          expect(await page.inputValue("#imap_host")).toBe("mail.elsewhere.example");
          expect(await page.inputValue("#provider")).toBe("generic");
          await page.fill("#password", user.password);
          await connect(page);
          await waitForConnected(page);
        },
        { network: { srv, servers }, script: false },
      );
    },
  );
});
