/** How the connect page finds the servers of an address, with its script and without. */
import { expect } from "bun:test";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { connect, goOn, typeMailbox, waitForConnected } from "./person.ts";
import { companyServers, withVisit } from "./visitor.ts";

describeBrowser("The servers of an address", () => {
  browserTest("The provider follows from the address while it is typed, by domain, MX and SRV", async () => {
    const world = {
      mx: { "byexchange.example": ["aspmx.l.google.com"] },
      srv: {
        "_imaps._tcp.byservice.example": [{ host: "mail.byservice.example", port: 993 }],
        "_submission._tcp.byservice.example": [{ host: "out.byservice.example", port: 587 }],
      },
    };
    await withVisit(
      async ({ page, open, complaints }) => {
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
        expect(await page.inputValue("#smtp_port")).toBe("587");
        expect(await page.inputValue("#smtp_security")).toBe("false");

        expect(await type("ann@nowhere.example", /usual names/)).toBe("generic");
        expect(await page.inputValue("#imap_host")).toBe("imap.nowhere.example");

        await page.selectOption("#provider", "fastmail");
        await page.fill("#address", "ann@gmail.com");
        await page.locator("#password").focus();
        expect(await page.inputValue("#provider")).toBe("fastmail");
        expect(complaints).toEqual([]);
      },
      { world },
    );
  });

  browserTest("Where a company takes no passwords any more the page says so, and asks for none", async () => {
    await withVisit(
      async ({ page, open }) => {
        await open();
        await page.fill("#address", "ann@outlook.com");
        await page.locator('[data-help="outlook"]').waitFor();
        expect(await page.innerText('[data-help="outlook"]')).toMatch(/September 2024.*forward/s);
        expect(await page.locator("#password").isVisible()).toBe(false);
        expect(await page.getByRole("button", { name: "Connect", exact: true }).isVisible()).toBe(false);
      },
      { world: {} },
    );
  });

  browserTest(
    "Without script a domain that names nothing is answered with the usual servers to correct",
    async () => {
      await withVisit(
        async ({ page, open }) => {
          await open();
          await page.fill("#address", "ann@nowhere.example");
          await page.keyboard.press("Enter");
          await page.getByText("These are the usual names").waitFor();
          expect(await page.inputValue("#imap_host")).toBe("imap.nowhere.example");
          expect(await page.inputValue("#smtp_host")).toBe("smtp.nowhere.example");
        },
        { world: {}, script: false },
      );
    },
  );

  browserTest(
    "Without script an address alone is answered with its company, and the rest goes the same way",
    async () => {
      const kit = await mailServer();
      const user = await kit.setUser("script-off@gmail.com");
      const servers = await companyServers({ imap: "imap.gmail.com", smtp: "smtp.gmail.com" });
      await withVisit(
        async ({ page, open, arrived }) => {
          await open();
          expect(await page.locator("#show-password").isVisible()).toBe(false);
          await page.fill("#address", user.address);
          await page.keyboard.press("Enter");
          await page.locator('[data-help="gmail"]').waitFor();
          expect(await page.inputValue("#provider")).toBe("gmail");
          expect(await page.inputValue("#address")).toBe(user.address);
          // As Google shows it: groups with spaces between them.
          await page.fill("#password", user.password.replace(/(.{4})/g, "$1 "));
          await page.keyboard.press("Enter");
          await waitForConnected(page);
          await goOn(page);
          await page.getByText("Back at the client.").waitFor();
          expect((await arrived()).get("code")).toMatch(/^[0-9a-f]{48}$/);
        },
        { world: { servers }, script: false },
      );
    },
  );

  browserTest("Servers of another domain are shown before they are given the password", async () => {
    const kit = await mailServer();
    const user = await kit.setUser("ann@own-domain.example");
    const srv = {
      "_imaps._tcp.own-domain.example": [{ host: "mail.elsewhere.example", port: 993 }],
      "_submissions._tcp.own-domain.example": [{ host: "mail.elsewhere.example", port: 465 }],
    };
    const servers = await companyServers({ imap: "mail.elsewhere.example", smtp: "mail.elsewhere.example" });
    await withVisit(
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
      { world: { srv, servers }, script: false },
    );
  });
});
