/**
 * Firefox, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) without a library: the BiDi half of
 * playwright-core 1.65 needs a newer Firefox than Debian's.
 */
import { programs } from "./installed.ts";
import type { BrowserTab } from "./tab.ts";
import { temporaryFolder } from "./temporary.ts";

type Connection = {
  send<T = unknown>(method: string, params?: Record<string, unknown>): Promise<T>;
  close(): void;
};

/** Starts Firefox with a new profile, runs `work` with a tab, and kills it. */
export async function withFirefox<T>(
  work: (tab: BrowserTab) => Promise<T>,
  { language = "en-GB" }: { language?: string } = {},
): Promise<T> {
  if (!programs.firefox) throw new Error("firefox is not installed");
  const profile = temporaryFolder("firefox");
  await Bun.write(
    `${profile}/user.js`,
    Object.entries({
      "intl.accept_languages": language,
      "app.update.enabled": false,
      "browser.shell.checkDefaultBrowser": false,
      "datareporting.policy.dataSubmissionEnabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      "services.settings.server": "data:,",
      "signon.rememberSignons": false,
    })
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`)
      .join("\n"),
  );
  const firefox = Bun.spawn(
    [
      programs.firefox,
      ...["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"],
    ],
    { stdout: "ignore", stderr: "pipe" },
  );
  try {
    const connection = await openConnection(`${await readAddress(firefox.stderr)}/session`);
    await connection.send("session.new", { capabilities: { alwaysMatch: {} } });
    const { context } = await connection.send<{ context: string }>("browsingContext.create", { type: "tab" });
    const result = await work(createTab(connection, context));
    connection.close();
    return result;
  } finally {
    firefox.kill("SIGKILL");
    await firefox.exited;
  }
}

/** Reads the address at which Firefox listens from its output. */
async function readAddress(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of output) {
    text += new TextDecoder().decode(chunk);
    const address = /WebDriver BiDi listening on (ws:\S+)/.exec(text)?.[1];
    if (address) return address;
  }
  throw new Error(`Firefox ended: ${text.slice(-500)}`);
}

async function openConnection(url: string): Promise<Connection> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data));
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === "error") call?.reject(new Error(`${message.error}: ${message.message}`));
    else call?.resolve(message.result);
  });
  let lastId = 0;
  return {
    send<T>(method: string, params: Record<string, unknown> = {}) {
      lastId += 1;
      const id = lastId;
      return new Promise<T>((resolve, reject) => {
        waiting.set(id, { resolve: (value) => resolve(value as T), reject });
        socket.send(JSON.stringify({ id, method, params }));
      });
    },
    close: () => socket.close(),
  };
}

type Evaluated = {
  type: "success" | "exception";
  result?: { value?: string; sharedId?: string };
  exceptionDetails?: { text: string };
};

function createTab({ send }: Connection, context: string): BrowserTab {
  async function run(expression: string) {
    const answer = await send<Evaluated>("script.evaluate", {
      expression,
      target: { context },
      awaitPromise: true,
      userActivation: false,
    });
    if (answer.type === "exception") throw new Error(answer.exceptionDetails?.text);
    return answer.result;
  }
  const perform = (source: Record<string, unknown>) =>
    send("input.performActions", { context, actions: [source] });
  return {
    goto: async (url) => void (await send("browsingContext.navigate", { context, url, wait: "complete" })),
    back: async () => void (await send("browsingContext.traverseHistory", { context, delta: -1 })),
    async evaluate<T>(expression: string) {
      const result = await run(`JSON.stringify(${expression})`);
      return JSON.parse(result?.value ?? "null") as T;
    },
    async press(element) {
      const node = await run(
        `(() => { const e = ${element}; e?.scrollIntoView({ block: "center" }); return e; })()`,
      );
      if (!node?.sharedId) throw new Error(`there is no ${element}`);
      const origin = { type: "element", element: { sharedId: node.sharedId } };
      const actions = [
        { type: "pointerMove", x: 0, y: 0, origin },
        { type: "pointerDown", button: 0 },
        { type: "pointerUp", button: 0 },
      ];
      await perform({ type: "pointer", id: "mouse", actions });
    },
    async type(text) {
      const actions = [...text].flatMap((value) => [
        { type: "keyDown", value },
        { type: "keyUp", value },
      ]);
      await perform({ type: "key", id: "keyboard", actions });
    },
  };
}
