import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startBearerProxy } from "../support/bearer-proxy.ts";
import { type McpServerKit, openMcpServer } from "../support/mcp-server.ts";
import { createTestTools } from "../support/mcp-tools.ts";

const scenarios = [
  "server-initialize",
  "ping",
  "tools-list",
  "server-session-lifecycle",
  "server-sse-multiple-streams",
  "dns-rebinding-protection",
];

const suite = join(import.meta.dir, "../../node_modules/@modelcontextprotocol/conformance/dist/index.js");

let mcp: McpServerKit;
let proxy: ReturnType<typeof startBearerProxy>;
beforeAll(async () => {
  mcp = await openMcpServer({ tools: createTestTools().tools });
  proxy = startBearerProxy(new URL(mcp.listen()).origin, "mine");
});
afterAll(async () => {
  await proxy.stop();
  await mcp.close();
});

describe("The official conformance suite for MCP 2025-11-25 passes the scenario", () => {
  test.each(scenarios)("%s", async (scenario) => {
    const run = Bun.spawn(
      [
        process.execPath,
        "--bun",
        suite,
        "server",
        "--url",
        `${proxy.url}/mcp`,
        "--scenario",
        scenario,
        "--spec-version",
        "2025-11-25",
      ],
      { stdout: "pipe", stderr: "pipe" },
    );
    const [output, errors, code] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
      run.exited,
    ]);
    expect({ code, output: code === 0 ? "" : output + errors }).toEqual({ code: 0, output: "" });
    expect(output).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/);
  });
});
