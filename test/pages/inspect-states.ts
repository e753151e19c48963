/**
 * The inspection of every state of every page by axe, at a width and in a color scheme. With SCREENSHOTS=1, each state is
 * also saved in test/screenshots (not committed).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { withPage } from "../support/browser.ts";
import { renderStates, servePages } from "./states.ts";

export const folder = join(import.meta.dir, "../screenshots");

/** Runs axe, which the page has loaded. Returns each violation as its rule and the element. */
export async function findViolations(page: Page, rules: readonly string[] | undefined): Promise<string[]> {
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

export const isTooWide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

/** Drops the options of lists that are not selected: the table of providers would fill most of the trees. */
function withoutOptions(tree: string): string {
  return tree.replace(/^ *- option "[^"]*"\n/gm, "");
}

/** `rules`: the rules of axe to run, undefined for all. */
export type View = { width: number; colorScheme: "light" | "dark"; rules: readonly string[] | undefined };

/**
 * Opens every state in each view. Returns the violations that axe finds and the states that are wider than the window,
 * and the tree of each state as a screen reader has it.
 */
export async function inspectStates(
  views: readonly View[],
  states = renderStates("en"),
): Promise<{ found: string[]; trees: Record<string, string> }> {
  mkdirSync(folder, { recursive: true });
  const served = servePages(states);
  const found: string[] = [];
  const trees: Record<string, string> = {};
  const inspect = async (page: Page, state: string, { width, colorScheme, rules }: View) => {
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
          trees[state] = withoutOptions(await page.locator("body").ariaSnapshot());
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
  return { found, trees };
}
