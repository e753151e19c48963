/**
 * Every state of every page, at 320 px and at desktop width, light and dark, under axe; with
 * SCREENSHOTS=1 each is also drawn into test/screenshots (not committed), for somebody to look at.
 */
import { expect } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { withPage } from "../support/browser.ts";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { drawStates, servePages } from "./states.ts";

const folder = join(import.meta.dir, "../screenshots");

/** What axe, loaded into the page, finds: rule and element. */
async function violations(page: Page, rules: readonly string[] | undefined): Promise<string[]> {
  const { violations } = await page.evaluate(
    (only) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
        resultTypes: ["violations"],
        ...(only ? { runOnly: [...only] } : {}),
      }),
    rules,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
}

const isTooWide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

describeBrowser("Every state of the pages", () => {
  /** All of axe once for each width and each scheme; where both come in other pairs, what can differ there. */
  const whatDiffers = ["color-contrast", "target-size", "scrollable-region-focusable"];
  const views = [
    { width: 320, colorScheme: "light", rules: undefined },
    { width: 1280, colorScheme: "dark", rules: undefined },
    { width: 1280, colorScheme: "light", rules: whatDiffers },
    { width: 320, colorScheme: "dark", rules: whatDiffers },
  ] as const;
  browserTest(
    "axe finds nothing and nothing is wider than the window, at 320 and 1280 px, light and dark",
    async () => {
      mkdirSync(folder, { recursive: true });
      const states = drawStates("en");
      const served = servePages(states);
      const found: string[] = [];
      const inspect = async (
        page: Page,
        state: string,
        { width, colorScheme, rules }: (typeof views)[number],
      ) => {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        const where = `${state}, ${width} px, ${colorScheme}`;
        found.push(...(await violations(page, rules)).map((violation) => `${where}: ${violation}`));
        if (await isTooWide(page)) found.push(`${where}: wider than the window`);
        const path = join(folder, `${state}-${width}-${colorScheme}.png`);
        if (process.env.SCREENSHOTS) await page.screenshot({ path, fullPage: true });
      };
      try {
        await withPage(
          async (page) => {
            for (const state of Object.keys(states)) {
              await page.goto(`${served.url}/${state}`);
              await page.evaluate(axe.source);
              for (const view of views) await inspect(page, state, view);
            }
          },
          // axe is the test's: the page's own policy would not load it.
          { bypassCSP: true },
        );
      } finally {
        served.stop();
      }
      expect(found).toEqual([]);
    },
    180_000,
  );

  browserTest("axe finds nothing while the logins run, and the form cannot be sent twice", async () => {
    const served = servePages(drawStates("en"));
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
            expect(await violations(page, undefined)).toEqual([]);
            expect(await page.getByRole("button", { name: "Connect" }).count()).toBe(0);
            expect(await page.evaluate(() => document.activeElement?.id)).toBe("progress");
            expect(sent).toBe(1);
            // What was wrong the last time is no longer drawn as wrong.
            const [old, plain] = await page.evaluate(() =>
              ["password", "address"].map((id) => {
                const field = document.getElementById(id);
                return field ? getComputedStyle(field).borderLeftColor : "";
              }),
            );
            expect(old).toBe(plain ?? "missing");
            const path = join(folder, `progress-320-${colorScheme}.png`);
            if (process.env.SCREENSHOTS) await page.screenshot({ path, fullPage: true });
          },
          { viewport: { width: 320, height: 800 }, colorScheme, bypassCSP: true },
        );
    } finally {
      served.stop();
    }
  });

  browserTest("The longer words of German and French fit 320 px too", async () => {
    for (const language of ["de", "fr"] as const) {
      const states = drawStates(language);
      const served = servePages(states);
      try {
        await withPage(
          async (page) => {
            for (const state of Object.keys(states)) {
              await page.goto(`${served.url}/${state}`);
              expect({ language, state, tooWide: await isTooWide(page) }).toEqual({
                language,
                state,
                tooWide: false,
              });
            }
          },
          { viewport: { width: 320, height: 800 } },
        );
      } finally {
        served.stop();
      }
    }
  });

  browserTest(
    "The connector URL is copied by one press, and without script it is there to be selected",
    async () => {
      const served = servePages(drawStates("en"));
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
    },
  );
});
