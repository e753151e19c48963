/** Accepting the certificate of one's own server, in a real browser. */
import { expect } from "bun:test";
import { withBrowserFlow } from "../pages/browser-flow.ts";
import { connect, typeMailbox, typeServers, waitForConnected } from "../pages/connect-page.ts";
import { createAuthority } from "../support/authority.ts";
import { startHostileImap } from "../support/hostile-imap.ts";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";

describeBrowser("A server of one's own network", () => {
  browserTest("A person compares the fingerprint, accepts the certificate and connects", async () => {
    const certificate = createAuthority("home").selfSigned({ hosts: ["localhost"] });
    const imap = await startHostileImap({ certificate });
    const smtp = await startScriptedSmtp({ certificate });
    await withBrowserFlow(async ({ page, open }) => {
      await open();
      await typeServers(page, { imap: imap.server, smtp: smtp.server });
      await typeMailbox(page, { address: "ann@example.test", password: "secret" });
      await connect(page);
      await page.locator("#imap_host-problem").waitFor();
      expect(await page.innerText("#imap_host-problem")).toContain("no known authority issued");
      expect(await page.locator(".fingerprint").first().innerText()).toMatch(
        /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/,
      );
      expect(imap.commands.filter((line) => line.includes("LOGIN"))).toEqual([]);
      await page.getByLabel("Accept it for reading (IMAP)").check();
      await page.getByLabel("Accept it for sending (SMTP)").check();
      await page.fill("#password", "secret");
      await connect(page);
      await waitForConnected(page);
    });
    await Promise.all([imap.stop(), smtp.stop()]);
  });
});
