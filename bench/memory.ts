/** The memory benchmark: start time and memory of the compiled executable, at rest and with idle sessions. */
import { connect } from "node:net";
import { connectMailbox, type Entrance } from "../test/support/authorize.ts";
import { binary, startBinary } from "../test/support/binary.ts";
import { mailServer } from "../test/support/mail-server.ts";
import { freePort } from "../test/support/ports.ts";
import { testSettings } from "../test/support/product.ts";
import { openFiles, residentMb } from "./processes.ts";
import { percentile, short, toTable } from "./table.ts";

/** Returns the milliseconds from exec to the first response of /health, which is polled every 2 ms. */
async function timeStart(file: string, settings: Record<string, string>): Promise<number> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = Bun.spawn([file], {
    env: { ...settings, PORT: String(port) },
    stdio: ["ignore", "ignore", "ignore"],
  });
  const answered = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      socket.once("data", (chunk: Buffer) => {
        resolve(chunk.toString("latin1").startsWith("HTTP/1.1 200"));
        socket.destroy();
      });
    });
  while (!(await answered())) await Bun.sleep(2);
  const startMs = performance.now() - startedAt;
  child.kill("SIGTERM");
  await child.exited;
  return startMs;
}

/** Connects new mailboxes. Returns one access token for each. */
async function openGrants(product: Entrance, count: number): Promise<string[]> {
  const kit = await mailServer();
  const tokens: string[] = [];
  for (let grant = 0; grant < count; grant += 1)
    tokens.push((await connectMailbox(product, await kit.newUser())).accessToken);
  return tokens;
}

/** Opens idle MCP sessions, `each` per grant. A grant can have at most a hundred. */
async function openSessions(product: Entrance, tokens: readonly string[], each: number): Promise<void> {
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "1" },
  };
  for (const token of tokens)
    for (let session = 0; session < each; session += 1) {
      const response = await fetch(`${product.url}/mcp`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }),
      });
      if (!response.ok) throw new Error(`initialize answered ${response.status}`);
      await response.text();
    }
}

export async function benchMemory(report: (line: string) => void): Promise<string> {
  const file = await binary();
  const settings = testSettings({ PATH: process.env.PATH ?? "" });
  // The first start creates the database and is not measured.
  await timeStart(file, settings);
  const starts: number[] = [];
  for (let round = 0; round < 10; round += 1) starts.push(await timeStart(file, settings));
  report(`start: ${starts.map(short).join(", ")} ms`);

  const product = await startBinary();
  await Bun.sleep(2_000);
  const idle = residentMb(product.pid);
  // The first requests load and compile code, which is not memory of the sessions.
  const [first = "", ...others] = await openGrants(product, 11);
  await openSessions(product, [first], 100);
  await Bun.sleep(5_000);
  const warm = { mb: residentMb(product.pid), files: openFiles(product.pid) };
  await openSessions(product, others, 100);
  await Bun.sleep(5_000);
  const full = { mb: residentMb(product.pid), files: openFiles(product.pid) };
  await product.stop();
  return toTable(
    ["the compiled executable", "measured"],
    [
      ["exec to the first response, p50 of 10", `${short(percentile(starts, 0.5))} ms`],
      ["exec to the first response, slowest of 10", `${short(Math.max(...starts))} ms`],
      ["resident memory, just started", `${short(idle)} MB`],
      ["resident memory after 11 logins and 100 sessions", `${short(warm.mb)} MB`],
      ["1,000 additional idle sessions", `${short(full.mb - warm.mb)} MB more`],
      ["open files before and after these", `${warm.files}, ${full.files}`],
    ],
  );
}
