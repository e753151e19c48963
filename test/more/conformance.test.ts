/** Every scenario of the official conformance suite that the tools of mail can take, at both revisions. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { tools } from "../../src/tools/index.ts";
import { startBearerProxy } from "../support/bearer-proxy.ts";
import { type McpServerKit, openMcpServer } from "../support/mcp-server.ts";

const suite = join(import.meta.dir, "../../node_modules/@modelcontextprotocol/conformance/dist/index.js");

let mcp: McpServerKit;
let proxy: ReturnType<typeof startBearerProxy>;
beforeAll(async () => {
  mcp = await openMcpServer({ tools });
  proxy = startBearerProxy(new URL(mcp.listen()).origin, "mine");
});
afterAll(async () => {
  await proxy.stop();
  await mcp.close();
});

/** Scenario, revision, and the checks that pass; those that do not need tools, templates or prompts of the suite. */
const table = [
  ["resources-list", "2025-11-25", "2/2"],
  ["resources-list", "2026-07-28", "2/2"],
  ["sep-2164-resource-not-found", "2026-07-28", "4/4"],
  ["caching", "2026-07-28", "7/8"],
  ["server-stateless", "2026-07-28", "21/25"],
  ["http-header-validation", "2026-07-28", "14/14"],
  ["tools-list", "2026-07-28", "4/4"],
  ["server-sse-multiple-streams", "2026-07-28", "1/1"],
  ["dns-rebinding-protection", "2026-07-28", "2/2"],
  ["input-required-result-unsupported-methods", "2026-07-28", "2/2"],
  ["input-required-result-ignore-extra-params", "2026-07-28", "1/1"],
] as const;

test.each(table)("%s at %s passes %s", async (scenario, version, passed) => {
  const options = ["--url", `${proxy.url}/mcp`, "--scenario", scenario, "--spec-version", version];
  const run = Bun.spawn([process.execPath, "--bun", suite, "server", ...options], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output] = await Promise.all([new Response(run.stdout).text(), run.exited]);
  expect(/Passed: (\d+\/\d+)/.exec(output)?.[1]).toBe(passed);
});
