/** Every rule of axe in every state of the pages, at the widths of a small phone, a phone and a desktop. */
import { expect } from "bun:test";
import { inspectStates, type View } from "../pages/inspect-states.ts";
import { renderFurtherStates, renderStates } from "../pages/states.ts";
import { browserTest, describeBrowser } from "../support/installed.ts";

describeBrowser("Every state of the pages", () => {
  const views: readonly View[] = [320, 390, 1280].flatMap((width) =>
    (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme, rules: undefined })),
  );
  browserTest(
    "axe finds no violation, and nothing is wider than the window, at 320, 390 and 1280 px, light and dark",
    async () => {
      expect((await inspectStates(views, { ...renderStates("en"), ...renderFurtherStates() })).found).toEqual(
        [],
      );
    },
    600_000,
  );
});
