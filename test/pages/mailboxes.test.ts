/** What is connected in the end: without sending, two mailboxes, and what Claude may do with them. */
import { expect } from "bun:test";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { connect, goOn, toolNames, typeMailbox, typeServers, waitForConnected } from "./person.ts";
import { withVisit } from "./visitor.ts";

describeBrowser("What is connected", () => {
  browserTest("An SMTP server that refuses does not stand in the way of reading", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withVisit(async ({ page, product, open, redeem }) => {
      await open();
      await typeServers(page, { ...kit, smtp: { host: "localhost", port: 1, security: "tls" } });
      await typeMailbox(page, user);
      await connect(page);
      await page.locator("#smtp_host-problem").waitFor();
      expect(await page.innerText("#smtp_host-problem")).toMatch(/does not answer/);
      expect(await page.inputValue("#password")).toBe(user.password);
      await page.getByRole("button", { name: "Continue without sending" }).click();
      await waitForConnected(page);
      expect(await page.innerText("main")).toContain("without sending");
      await goOn(page);
      const { accessToken } = await redeem();
      const names = await toolNames(product, accessToken);
      expect(names).toContain("draft_email");
      expect(names).not.toContain("send_email");
    });
  });

  browserTest("A second mailbox joins the same connection", async () => {
    const kit = await mailServer();
    const [ann, office] = [await kit.newUser(), await kit.newUser()];
    await withVisit(async ({ page, product, open, redeem }) => {
      await open();
      await typeServers(page, kit);
      await typeMailbox(page, ann);
      await connect(page);
      await page.getByRole("button", { name: "Add another mailbox" }).click();
      await page.getByRole("heading", { name: /^Add another mailbox for/ }).waitFor();
      expect(await page.innerText("main")).toContain(ann.address);
      expect(await page.locator('[name="level"][type="radio"]').count()).toBe(0);
      await typeServers(page, kit);
      await typeMailbox(page, office);
      await connect(page);
      await waitForConnected(page);
      expect(await page.innerText(".accounts")).toMatch(new RegExp(`${ann.address}\\s+${office.address}`));
      await goOn(page);
      const claude = await openClient(product, (await redeem()).accessToken);
      const { text } = await claude.call("list_mailboxes");
      expect(text).toContain(ann.address);
      expect(text).toContain(office.address);
      await claude.close();
    });
  });

  browserTest(
    "Who lets Claude only read is asked for no SMTP server, and Claude sees no tool that writes",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      const logins = kit.submission.logins();
      await withVisit(async ({ page, product, open, redeem }) => {
        await open();
        await typeServers(page, kit);
        await typeMailbox(page, user);
        await page.getByRole("radio", { name: /^Read Search/ }).check();
        await connect(page);
        await waitForConnected(page);
        await goOn(page);
        const names = await toolNames(product, (await redeem()).accessToken);
        expect(names).toContain("get_email");
        for (const name of ["mark_as_read", "move_email", "draft_email", "send_email"])
          expect(names).not.toContain(name);
        expect(kit.submission.logins()).toBe(logins);
      });
    },
  );
});
