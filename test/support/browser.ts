/** One headless Chromium for all tests of a process, driven by playwright-core. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { programs } from "./installed.ts";

let shared: Promise<Browser> | undefined;

/** Returns the browser; starts it at the first call, and again after a crash. It contacts no other host by itself. */
export async function browser(): Promise<Browser> {
  const { chromium: executablePath } = programs;
  if (!executablePath) throw new Error("chromium is not installed");
  const running = await shared?.catch(() => undefined);
  if (running?.isConnected()) return running;
  shared = chromium.launch({
    executablePath,
    headless: true,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
  return shared;
}

/** Runs `work` with a page in a new context, without cookies and storage, and closes it. */
export async function withPage<T>(
  work: (page: Page) => Promise<T>,
  options: BrowserContextOptions = {},
): Promise<T> {
  const context = await (await browser()).newContext(options);
  try {
    return await work(await context.newPage());
  } finally {
    await context.close();
  }
}

/** Closes the browser at the end of the run. */
export async function stopBrowser(): Promise<void> {
  const started = await shared?.catch(() => undefined);
  shared = undefined;
  await started?.close();
}
