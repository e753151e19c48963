/**
 * Accessibility of every state of every page by axe, at 320 px and at desktop width, light and dark. With
 * SCREENSHOTS=1, each state is also saved in test/screenshots (not committed).
 */
import { expect } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { withPage } from "../support/browser.ts";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { renderStates, servePages } from "./states.ts";

const folder = join(import.meta.dir, "../screenshots");

/** Runs axe, which the page has loaded. Returns each violation as its rule and the element. */
async function findViolations(page: Page, rules: readonly string[] | undefined): Promise<string[]> {
  const { violations } = await page.evaluate(
    (only) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
        resultTypes: ["violations"],
        runOnly: only ? [...only] : undefined,
      }),
    rules,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
}

/** Saves a state at the widths of a small phone, a phone and a desktop, light and dark. */
async function draw(page: Page, state: string): Promise<void> {
  for (const width of [320, 390, 1280])
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await page.evaluate(
        () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
      );
      await page.screenshot({ path: join(folder, `${state}-${width}-${colorScheme}.png`), fullPage: true });
    }
}

const isTooWide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

describeBrowser("Every state of the pages", () => {
  /** All rules for each width and each scheme once; in the other combinations, the rules that depend on both. */
  const combinedRules = ["color-contrast", "target-size", "scrollable-region-focusable"];
  const views = [
    { width: 320, colorScheme: "light", rules: undefined },
    { width: 1280, colorScheme: "dark", rules: undefined },
    { width: 1280, colorScheme: "light", rules: combinedRules },
    { width: 320, colorScheme: "dark", rules: combinedRules },
  ] as const;
  browserTest(
    "axe finds no violation, and nothing is wider than the window, at 320 and 1280 px, light and dark",
    async () => {
      mkdirSync(folder, { recursive: true });
      const states = renderStates("en");
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
        found.push(...(await findViolations(page, rules)).map((violation) => `${where}: ${violation}`));
        if (await isTooWide(page)) found.push(`${where}: wider than the window`);
      };
      try {
        await withPage(
          async (page) => {
            for (const state of Object.keys(states)) {
              await page.goto(`${served.url}/${state}`);
              await page.evaluate(axe.source);
              for (const view of views) await inspect(page, state, view);
              if (process.env.SCREENSHOTS) await draw(page, state);
            }
          },
          // The Content-Security-Policy of the page would block axe.
          { bypassCSP: true },
        );
      } finally {
        served.stop();
      }
      expect(found).toEqual([]);
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
