/** The result of connecting: an account without sending, two accounts, and the tools of a level. */
import { expect } from "bun:test";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { withBrowserFlow } from "./browser-flow.ts";
import {
  connect,
  continueToClient,
  toolNames,
  typeMailbox,
  typeServers,
  waitForConnected,
} from "./connect-page.ts";

describeBrowser("The connected accounts", () => {
  browserTest("An account can be connected without sending when the SMTP login fails", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withBrowserFlow(async ({ page, product, open, redeem }) => {
      await open();
      await typeMailbox(page, user);
      await typeServers(page, { ...kit, smtp: { host: "localhost", port: 1, security: "tls" } });
      await connect(page);
      await page.locator("#smtp_host-problem").waitFor();
      expect(await page.innerText("#smtp_host-problem")).toMatch(/does not answer/);
      expect(await page.inputValue("#password")).toBe(user.password);
      await page.getByRole("button", { name: "Continue without sending" }).click();
      await waitForConnected(page);
      expect(await page.innerText("main")).toContain("without sending");
      await continueToClient(page);
      const { accessToken } = await redeem();
      const names = await toolNames(product, accessToken);
      expect(names).toContain("draft_email");
      expect(names).not.toContain("send_email");
    });
  });

  browserTest("A second account joins the same grant", async () => {
    const kit = await mailServer();
    const [ann, office] = [await kit.newUser(), await kit.newUser()];
    await withBrowserFlow(async ({ page, product, open, redeem }) => {
      await open();
      await typeMailbox(page, ann);
      await typeServers(page, kit);
      await connect(page);
      await page.getByRole("button", { name: "Add another mailbox" }).click();
      await page.getByRole("heading", { name: /^Add another mailbox for/ }).waitFor();
      expect(await page.innerText("main")).toContain(ann.address);
      expect(await page.locator('[name="level"][type="radio"]').count()).toBe(0);
      await typeMailbox(page, office);
      await typeServers(page, kit);
      await connect(page);
      await waitForConnected(page);
      expect(await page.innerText(".accounts")).toMatch(
        new RegExp(`${ann.address}\\s+Remove\\s+${office.address}\\s+Remove`),
      );
      await continueToClient(page);
      const client = await openClient(product, (await redeem()).accessToken);
      const { text } = await client.call("list_mailboxes");
      expect(text).toContain(ann.address);
      expect(text).toContain(office.address);
      await client.close();
    });
  });

  browserTest("With the level read, no SMTP login is made, and Claude sees no tool that writes", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const logins = kit.submission.logins();
    await withBrowserFlow(async ({ page, product, open, redeem }) => {
      await open();
      await typeMailbox(page, user);
      await typeServers(page, kit);
      await page.getByRole("radio", { name: /^Read Search/ }).check();
      await connect(page);
      await waitForConnected(page);
      await continueToClient(page);
      const names = await toolNames(product, (await redeem()).accessToken);
      expect(names).toContain("get_email");
      for (const name of ["mark_as_read", "move_email", "draft_email", "send_email"])
        expect(names).not.toContain(name);
      expect(kit.submission.logins()).toBe(logins);
    });
  });
});
