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

/** Runs a scenario of the suite. Returns what it printed, and its exit code. */
async function runScenario(scenario: string, version: string): Promise<{ output: string; code: number }> {
  const options = ["--url", `${proxy.url}/mcp`, "--scenario", scenario, "--spec-version", version];
  const run = Bun.spawn([process.execPath, "--bun", suite, "server", ...options], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
    run.exited,
  ]);
  return { output: output + errors, code };
}

describe("The official conformance suite for MCP 2025-11-25 passes the scenario", () => {
  test.each(scenarios)("%s", async (scenario) => {
    const { output, code } = await runScenario(scenario, "2025-11-25");
    expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
    expect(output).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/);
  });
});

describe("The official conformance suite for MCP 2026-07-28 passes the scenario", () => {
  test.each(["http-header-validation", "tools-list"])("%s", async (scenario) => {
    const { output, code } = await runScenario(scenario, "2026-07-28");
    expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
    expect(output).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/);
  });

  test("server-stateless, but for the checks that need tools of the suite", async () => {
    const { output } = await runScenario("server-stateless", "2026-07-28");
    expect(output).toMatch(/Passed: 21\/25, 4 failed, 0 warnings/);
    const problems = [...output.matchAll(/^\s*Error: (.*)$/gm)].map(([, text = ""]) => text);
    expect(problems.filter((text) => !text.startsWith("Not testable: "))).toEqual([]);
  });
});
