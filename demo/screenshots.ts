/**
 * `bun demo/screenshots.ts`: draws the pictures of README and docs from the running demonstration, in Chromium. The calls
 * in the picture of a conversation and their answers are the demonstration's; what Claude says is written here.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { requestToken } from "../test/support/authorize.ts";
import { stopBrowser, withPage } from "../test/support/browser.ts";
import { openClient, type TestClient } from "../test/support/mcp-client.ts";
import { freePort } from "../test/support/ports.ts";
import { eventually } from "../test/support/waiting.ts";

const folder = join(import.meta.dir, "../docs/images");
const clientId = "https://claude.ai/oauth/claude-code-client-metadata";
const callback = "http://localhost:3118/callback";
const screen = { viewport: { width: 760, height: 640 }, deviceScaleFactor: 1.5, locale: "en-US" };

type Demo = { url: string; address: string; password: string; stop(): Promise<void> };

async function startDemo(): Promise<Demo> {
  const port = await freePort();
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts")], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", PORT: String(port) },
    stdout: "pipe",
    stderr: "inherit",
  });
  let said = "";
  void (async () => {
    for await (const chunk of child.stdout) said += new TextDecoder().decode(chunk);
  })();
  await eventually(() => said.includes("Ctrl-C ends it"), { withinMs: 60_000, what: "the demonstration" });
  const read = (label: string) => new RegExp(`${label} +(\\S+)`).exec(said)?.[1] ?? "";
  return {
    url: `http://localhost:${port}`,
    address: read("Email address"),
    password: read("Password"),
    async stop() {
      child.kill("SIGINT");
      await child.exited;
    },
  };
}

/** Saves the visible part of a page, up to the end of its content. */
async function draw(page: Page, name: string): Promise<void> {
  const height = await page.evaluate(() =>
    Math.ceil(document.documentElement.getBoundingClientRect().height),
  );
  await page.setViewportSize({ width: screen.viewport.width, height: Math.min(height, 1_500) });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Connects in the browser as a person does, and draws the page on the way. Returns an access token. */
async function connect(page: Page, demo: Demo): Promise<string> {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: callback,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state: randomBytes(8).toString("hex"),
    scope: "email:read email:write",
    resource: `${demo.url}/mcp`,
  });
  // No client listens there: the code is read from the address.
  const { promise: arrived, resolve } = Promise.withResolvers<string>();
  await page.route(`${callback}**`, async (route) => {
    resolve(new URL(route.request().url()).searchParams.get("code") ?? "");
    await route.fulfill({ body: "Connected." });
  });
  await page.goto(`${demo.url}/oauth/authorize?${query}`);
  await page.fill("[name=address]", demo.address);
  await page.fill("[name=password]", demo.password);
  await page.getByText("Looking for the mail servers").waitFor({ state: "hidden" });
  await draw(page, "connect");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.locator("button[value=finish]").click();
  const token = await requestToken(
    { url: demo.url, clientId, clientSecret: "" },
    {
      grant_type: "authorization_code",
      code: await arrived,
      code_verifier: verifier,
      redirect_uri: callback,
    },
  );
  return (await token.json()).access_token;
}

type Turn = { says: "person" | "claude"; text: string } | { tool: string; input: object; answer: string };

/** Plays a short conversation. Returns it with the page on which the person decides. */
async function converse(client: TestClient): Promise<{ turns: Turn[]; approval: string }> {
  const turns: Turn[] = [];
  const call = async (tool: string, input: Record<string, unknown>) => {
    const { text, data } = await client.call(tool, input);
    turns.push({ tool, input, answer: text });
    return data;
  };
  turns.push({ says: "person", text: "How much was the last invoice? And tell Ben that Thursday works." });
  const found = await call("search_emails", { query: "invoice has:attachment", limit: 1 });
  const [email] = (found as { emails: { id: string; subject: string }[] }).emails;
  await call("get_attachment", { id: email?.id, index: 1 });
  const sent = await call("send_email", {
    to: ["Ben <ben@good.test>"],
    subject: "Thursday",
    body: "Hi Ben,\n\nThursday works for me. See you at ten.\n\nAna",
  });
  const { approval } = sent as { approval: { url: string } };
  turns.push({
    says: "claude",
    text: "The last invoice is from Power & Light: 120.50 EUR, due in 14 days. The email to Ben is ready; nothing has left yet. Look at it and decide on its page.",
  });
  return { turns, approval: approval.url };
}

const toHtml = (text: string) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const clip = (text: string, lines: number, characters: number) =>
  text
    .split("\n")
    // The marks around text from mail, and empty lines.
    .filter((line) => line.trim() !== "" && !/\bmail-[0-9a-f]{16}\b/.test(line))
    .slice(0, lines)
    .map((line) => (line.length > characters ? `${line.slice(0, characters - 1)}…` : line))
    .join("\n");

/** A conversation as a terminal shows it. */
function toConversationPage(turns: readonly Turn[]): string {
  const rows = turns.map((turn) => {
    if ("says" in turn)
      return `<p class="${turn.says}">${turn.says === "person" ? "&gt; " : "● "}${toHtml(turn.text)}</p>`;
    const input = clip(JSON.stringify(turn.input), 1, 88);
    return `<p>● <b>email · ${turn.tool}</b> ${toHtml(input)}</p><pre>└ ${toHtml(clip(turn.answer, 7, 96))}</pre>`;
  });
  return `<!doctype html><meta charset="utf-8"><style>body{margin:0;padding:20px 24px;background:#1d1f23;color:#e4e4e4;font:13px/1.5 "DejaVu Sans Mono",monospace}p{margin:10px 0}.person{color:#9ec5ff}pre{margin:4px 0 10px 12px;color:#a9adb5;font:inherit;font-size:11.5px;white-space:pre-wrap}b{color:#fff;font-weight:600}</style>${rows.join("")}`;
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const demo = await startDemo();
  try {
    await withPage(async (page) => {
      page.setDefaultTimeout(30_000);
      const accessToken = await connect(page, demo);
      const client = await openClient({ url: demo.url }, accessToken);
      const { turns, approval } = await converse(client);
      await client.close();
      await page.goto(approval);
      await page.fill("[name=password]", demo.password);
      await page.click("form button");
      await page.waitForSelector("button[name=decision]");
      await draw(page, "approval");
      await withPage(async (blank) => {
        await blank.setContent(toConversationPage(turns));
        await draw(blank, "conversation");
      }, screen);
    }, screen);
  } finally {
    await stopBrowser();
    await demo.stop();
  }
}

await main();
