/**
 * A host of MCP Apps in Chromium, built on AppBridge of @modelcontextprotocol/ext-apps: it shows a card for the result of a
 * tool, passes on what the card asks, and notes every request that would leave the page.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { Frame, Page } from "playwright-core";
import { withPage } from "./browser.ts";
import type { TestClient } from "./mcp-client.ts";
import { eventually } from "./waiting.ts";

const folder = join(import.meta.dir, "../screenshots");
const hostUrl = "http://host.test/";

type HostContext = {
  theme?: "light" | "dark";
  locale?: string;
  styles?: { variables: Record<string, string> };
  containerDimensions?: { maxHeight: number };
};

export type CardHost = {
  page: Page;
  /** The document of the card. */
  frame: Frame;
  /** URLs that the card asked to open. */
  links: string[];
  /** Texts that the card told the model. */
  told: string[];
  /** Heights that the card asked for, in pixels. */
  heights: number[];
  /** Requests that the page made to any network. */
  requests: string[];
  /** Answers to the card's own tool calls. */
  results: CallToolResult[];
  setContext(context: HostContext): Promise<void>;
  press(name: string | RegExp): Promise<void>;
  /** Waits until the card says something. */
  sees(words: string | RegExp): Promise<void>;
  heading(): Promise<string>;
  buttons(): Promise<string[]>;
  /** Saves a picture where SCREENSHOTS is set. */
  picture(name: string): Promise<void>;
};

/** Bundles the host's own script. */
async function bundle(): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "card-host-page.ts")],
    target: "browser",
  });
  const [output] = built.outputs;
  if (!built.success || !output) throw new Error(built.logs.join("\n"));
  return output.text();
}

/** Shows the card of `result`, and runs `work` with it. The card's own calls go through `client`. */
export async function withCard<T>(
  {
    client,
    result,
    ...options
  }: {
    client: TestClient;
    result: CallToolResult;
    width?: number;
    context?: HostContext;
    capabilities?: Record<string, object>;
    /** The document, by default the server's own. */
    html?: string;
  },
  work: (host: CardHost) => Promise<T>,
): Promise<T> {
  const { contents } = await client.client.readResource({ uri: "ui://approval" });
  const [resource] = contents;
  const html = options.html ?? (resource && "text" in resource ? resource.text : "");
  const script = await bundle();
  return withPage(
    async (page) => {
      const noted = { links: [] as string[], told: [] as string[], heights: [] as number[] };
      const requests: string[] = [];
      const results: CallToolResult[] = [];
      await page.route("**", (route) => {
        if (route.request().url() === hostUrl)
          return route.fulfill({
            contentType: "text/html",
            body: `<body style="margin:0"><script type="module">${script.replaceAll("</script", "<\\/script")}</script>`,
          });
        requests.push(route.request().url());
        return route.abort();
      });
      await page.exposeFunction(
        "callTool",
        async (request: { name: string; arguments: Record<string, unknown> }) => {
          const answer = await client.try(request.name, request.arguments);
          results.push(answer.result);
          return answer.result;
        },
      );
      await page.exposeFunction("note", ({ kind, value }: { kind: string; value: unknown }) => {
        if (kind === "link") noted.links.push(String(value));
        if (kind === "size") noted.heights.push(Number(value));
        if (kind === "context") noted.told.push(toText(value));
      });
      await page.goto(hostUrl);
      await page.waitForFunction("globalThis.openCard !== undefined");
      const run = (name: string, ...given: unknown[]) =>
        page.evaluate(
          ([called, values]) =>
            (globalThis as unknown as Record<string, (...all: unknown[]) => Promise<void>>)[called]?.(
              ...values,
            ),
          [name, given] as [string, unknown[]],
        );
      const capabilities = options.capabilities ?? { openLinks: {}, serverTools: {}, updateModelContext: {} };
      await run("openCard", html, capabilities, options.context ?? {});
      const frame = page.frames().find((each) => each !== page.mainFrame());
      if (!frame) throw new Error("the card has no frame");
      await run("sendResult", result);
      const sees = async (words: string | RegExp) => {
        const says = async () => {
          const text = await frame.locator("main").innerText();
          return typeof words === "string" ? text.includes(words) : words.test(text);
        };
        await eventually(says, { what: String(words) });
      };
      return work({
        page,
        frame,
        ...noted,
        requests,
        results,
        setContext: (context) => run("changeContext", context).then(() => {}),
        press: (name) => frame.getByRole("button", { name }).click(),
        sees,
        heading: () => frame.locator("h1").innerText(),
        buttons: () => frame.locator("button:visible").allInnerTexts(),
        async picture(name) {
          if (!process.env.SCREENSHOTS) return;
          mkdirSync(folder, { recursive: true });
          await page.screenshot({ path: join(folder, `card-${name}.png`) });
        },
      });
    },
    { viewport: { width: options.width ?? 640, height: 560 } },
  );
}

function toText(value: unknown): string {
  const { content = [] } = value as { content?: { text?: string }[] };
  return content.map(({ text = "" }) => text).join("\n");
}
