/** A tab of a browser, in the words that stories of several browsers share; and that of Chromium. */
import { withPage } from "./browser.ts";

/** Keys and presses are those of a person: the browser dispatches them itself. */
export type BrowserTab = {
  goto(url: string): Promise<void>;
  /** Goes back in the history of the tab. */
  back(): Promise<void>;
  /** Evaluates an expression in the page, and returns its JSON value. */
  evaluate<T>(expression: string): Promise<T>;
  /** Clicks the element that an expression returns. */
  press(element: string): Promise<void>;
  type(text: string): Promise<void>;
};

/** Runs `work` with a tab of Chromium. */
export function withChromium<T>(work: (tab: BrowserTab) => Promise<T>): Promise<T> {
  return withPage(
    (page) => {
      page.setDefaultTimeout(10_000);
      return work({
        goto: async (url) => void (await page.goto(url)),
        back: async () => void (await page.goBack()),
        evaluate: <V>(expression: string) => page.evaluate<V>(expression),
        async press(element) {
          const found = (await page.evaluateHandle<Element | null>(element)).asElement();
          if (!found) throw new Error(`there is no ${element}`);
          await found.click();
        },
        type: (text) => page.keyboard.type(text),
      });
    },
    { locale: "en-GB" },
  );
}
