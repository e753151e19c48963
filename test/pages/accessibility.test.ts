/** Accessibility of every state of every page: axe, the tree of a screen reader, and small windows. */
import { expect } from "bun:test";
import { join } from "node:path";
import axe from "axe-core";
import { withPage } from "../support/browser.ts";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { findViolations, folder, inspectStates, isTooWide, type View } from "./inspect-states.ts";
import { renderStates, servePages } from "./states.ts";

describeBrowser("Every state of the pages", () => {
  /** The narrowest view; test/more runs all rules in every view. */
  const views: readonly View[] = [{ width: 320, colorScheme: "light", rules: undefined }];
  browserTest(
    "axe finds no violation, nothing is wider than the window, and the tree of a screen reader is as reviewed",
    async () => {
      const { found, trees } = await inspectStates(views);
      expect(found).toEqual([]);
      for (const [state, tree] of Object.entries(trees)) expect(tree).toMatchSnapshot(state);
    },
    180_000,
  );

  browserTest("axe finds no violation while the logins run, and the form cannot be sent twice", async () => {
    const served = servePages(renderStates("en"));
    try {
      for (const colorScheme of ["light", "dark"] as const)
        await withPage(
          async (page) => {
            let sent = 0;
            await page.route("**/oauth/connect", () => {
              sent += 1;
            });
            await page.goto(`${served.url}/wrong-password`);
            await page.fill("#password", "a password");
            await page.keyboard.press("Enter");
            await page.getByText("Finding the servers").waitFor();
            await page.keyboard.press("Enter");
            await page.evaluate(axe.source);
            expect(await findViolations(page, undefined)).toEqual([]);
            expect(await page.getByRole("button", { name: "Connect" }).count()).toBe(0);
            expect(await page.evaluate(() => document.activeElement?.id)).toBe("progress");
            expect(sent).toBe(1);
            // The field of the last problem is no longer marked.
            const [last, plain] = await page.evaluate(() =>
              ["password", "address"].map((id) => {
                const field = document.getElementById(id);
                return field ? getComputedStyle(field).borderLeftColor : "";
              }),
            );
            expect(last).toBe(plain ?? "missing");
            const path = join(folder, `progress-320-${colorScheme}.png`);
            if (process.env.SCREENSHOTS) await page.screenshot({ path, fullPage: true });
          },
          { viewport: { width: 320, height: 800 }, colorScheme, bypassCSP: true },
        );
    } finally {
      served.stop();
    }
  });

  browserTest("The German and French pages fit into 320 px", async () => {
    await withPage(
      async (page) => {
        for (const language of ["de", "fr"] as const)
          for (const [state, html] of Object.entries(renderStates(language))) {
            await page.setContent(html);
            const tooWide = await isTooWide(page);
            expect({ language, state, tooWide }).toEqual({ language, state, tooWide: false });
          }
      },
      { viewport: { width: 320, height: 800 } },
    );
  });

  browserTest("A button copies the connector URL; without a script, the URL can be selected", async () => {
    const served = servePages(renderStates("en"));
    try {
      await withPage(
        async (page) => {
          await page.goto(`${served.url}/landing`);
          await page.getByRole("button", { name: "Copy" }).click();
          await page.getByText("Copied.").waitFor();
          expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
            "https://mail.example.org/mcp",
          );
        },
        { permissions: ["clipboard-read", "clipboard-write"] },
      );
      await withPage(
        async (page) => {
          await page.goto(`${served.url}/landing`);
          expect(await page.getByRole("button").count()).toBe(0);
          await page.getByLabel("Connector URL").selectText();
          expect(await page.getByLabel("Connector URL").inputValue()).toBe("https://mail.example.org/mcp");
        },
        { javaScriptEnabled: false },
      );
    } finally {
      served.stop();
    }
  });
});
