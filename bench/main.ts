/** `bun run bench`: the benchmark of the product; `--help` lists the options. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { Argument, Command } from "commander";
import { z } from "zod";
import { trustedAuthority } from "../test/support/authority.ts";
import { missingPackages } from "../test/support/installed.ts";
import { stopMailServers } from "../test/support/mail-server.ts";
import { drawCharts } from "./charts.ts";
import { benchCold } from "./cold.ts";
import { benchCpu } from "./cpu.ts";
import { benchCrashes } from "./crashes.ts";
import { benchGrowth } from "./growth.ts";
import { benchHttp } from "./http.ts";
import { benchIsolation } from "./isolation.ts";
import { startMailHost } from "./mail-host.ts";
import { benchMemory } from "./memory.ts";
import { startServer } from "./processes.ts";
import { benchRendering } from "./rendering.ts";
import { benchSelections } from "./selections.ts";
import { benchSoak } from "./soak.ts";
import { benchTools, type Setting } from "./tools.ts";

const parts = [
  "tools",
  "selections",
  "cold",
  "cpu",
  "http",
  "memory",
  "rendering",
  "isolation",
  "growth",
  "soak",
  "crashes",
];
const program = new Command("bun run bench")
  .description("Measures the cost of tools, the HTTP server, start and memory, and rendering.")
  .addArgument(
    new Argument("[parts...]", "the parts to measure")
      .choices(parts)
      .default(parts.slice(0, parts.indexOf("growth"))),
  )
  .option("--sizes <list>", "emails in a mailbox", "1000,20000,100000")
  .option("--delays <list>", "round-trip delays to the mail server in milliseconds", "0,20,50,150")
  .option("--rounds <number>", "rounds per tool", "20")
  .option("--calls <number>", "light calls of the isolation test", "100")
  .option("--source <folder>", "a checkout whose server the isolation test measures, instead of this one")
  .option("--people <list>", "people with an open connection, of the growth test", "1,50,500")
  .option("--minutes <number>", "duration of the soak", "30")
  .option("--faults <percent>", "calls of the soak that meet a fault of the network", "5")
  .option("--kills <number>", "kills of the server in the crash test", "40")
  .option("--write", "also replace the tables in bench/RESULTS.md")
  .parse();
const chosen = z.array(z.string()).parse(program.processedArgs[0]);
const values = z
  .object({
    sizes: z.string(),
    delays: z.string(),
    rounds: z.string(),
    calls: z.string(),
    source: z.string().optional(),
    people: z.string(),
    minutes: z.string(),
    faults: z.string(),
    kills: z.string(),
    write: z.boolean().default(false),
  })
  .parse(program.opts());
const needed = missingPackages.filter((name) => /dovecot|openssl/.test(name));
if (needed.length > 0) {
  process.stderr.write(`The benchmark needs: apt-get install ${needed.join(" ")}\n`);
  process.exit(1);
}

const numbers = (text: string) => text.split(",").map(Number);
const report = (line: string) => process.stderr.write(`${line}\n`);
const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Linux, Bun ${Bun.version}`;
const results = join(import.meta.dir, "RESULTS.md");

/** Runs a part if it was chosen. `options` are the command-line options to print with the result. */
async function runPart(
  name: string,
  title: string,
  work: () => Promise<string>,
  options = "",
): Promise<void> {
  if (!chosen.includes(name)) return;
  const table = await work();
  const day = new Date().toISOString().slice(0, 10);
  const provenance = `Measured on ${day} on ${machine}, by \`bun run bench ${name}${options}\`.`;
  const section = `## ${title}\n\n${provenance}\n\n${table}\n`;
  process.stdout.write(`${section}\n`);
  if (values.write) writeFileSync(results, replaceSection(readFileSync(results, "utf8"), title, section));
}

/** Replaces the section of this title, or appends it. */
function replaceSection(page: string, title: string, section: string): string {
  const sections = page
    .trimEnd()
    .split(/^(?=## )/m)
    .map((one) => `${one.trimEnd()}\n`);
  const at = sections.findIndex((one) => one.startsWith(`## ${title}\n`));
  return sections.toSpliced(at < 0 ? sections.length : at, at < 0 ? 0 : 1, section).join("\n");
}

trustedAuthority();
await runPart(
  "tools",
  "Tools: round trips, bytes and time",
  async () => {
    const host = await startMailHost();
    const server = await startServer("server.ts");
    const settings = numbers(values.sizes).flatMap((emails) =>
      numbers(values.delays).map((delayMs): Setting => ({ emails, delayMs })),
    );
    const table = await benchTools(host, server, settings, Number(values.rounds), report);
    await server.stop();
    await host.stop();
    return table;
  },
  ` --rounds ${values.rounds}`,
);
await runPart(
  "selections",
  "Selections: thousands of emails in one call",
  async () => {
    const host = await startMailHost();
    const server = await startServer("server.ts");
    const settings = numbers(values.sizes).flatMap((emails) =>
      numbers(values.delays).map((delayMs): Setting => ({ emails, delayMs })),
    );
    const table = await benchSelections(host, server, settings, Number(values.rounds), report);
    await server.stop();
    await host.stop();
    return table;
  },
  ` --rounds ${values.rounds}`,
);
await runPart("cold", "Cold: the first call on a new connection", async () => {
  const logFile = join(mkdtempSync(join(tmpdir(), "bench-")), "log");
  process.env.BENCH_LOG = logFile;
  const host = await startMailHost();
  const server = await startServer("server.ts", { LOG_LEVEL: "debug" });
  const table = await benchCold(host, server, logFile, 20_000);
  await server.stop();
  await host.stop();
  return table;
});
const folder = values.source && join(values.source, "bench");
const source = values.source ? ` --source ${values.source}` : "";
await runPart(
  "cpu",
  "CPU: the server process beside bare imapflow",
  async () => {
    const host = await startMailHost();
    const server = await startServer("server.ts", {}, folder);
    const table = await benchCpu(host, server, Math.min(Number(values.rounds), 7), report);
    await server.stop();
    await host.stop();
    return table;
  },
  source,
);
await runPart("http", "HTTP server", () => benchHttp(3, 6, report));
await runPart("memory", "Start and memory", () => benchMemory(report));
await runPart("rendering", "Rendering", () => benchRendering());
await runPart(
  "isolation",
  "Isolation",
  () => benchIsolation({ calls: Number(values.calls), folder }, report),
  ` --calls ${values.calls}${source}`,
);
await runPart(
  "growth",
  "Growth: memory and duration by people",
  () => benchGrowth(numbers(values.people), report),
  ` --people ${values.people}`,
);
const minutes = Number(values.minutes);
const faultPercent = Number(values.faults);
await runPart(
  "soak",
  "Soak",
  () => benchSoak({ minutes, grants: 20, faultPercent }, report),
  ` --minutes ${minutes} --faults ${faultPercent}`,
);
const kills = Number(values.kills);
await runPart("crashes", "Crashes", () => benchCrashes({ kills, grants: 10 }, report), ` --kills ${kills}`);
if (values.write) drawCharts(results, join(import.meta.dir, "../docs/performance"));
await stopMailServers();
process.exit(0);
