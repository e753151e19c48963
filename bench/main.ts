/** `bun run bench`: what the product costs; `--help` says what can be asked. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { Argument, Command } from "commander";
import { z } from "zod";
import { trustedAuthority } from "../test/support/authority.ts";
import { missingPackages } from "../test/support/installed.ts";
import { stopMailServers } from "../test/support/mail-server.ts";
import { benchHttp } from "./http.ts";
import { startMailHost } from "./mail-host.ts";
import { benchMemory } from "./memory.ts";
import { startServer } from "./processes.ts";
import { benchRendering } from "./rendering.ts";
import { benchSoak } from "./soak.ts";
import { benchTools, type Setting } from "./tools.ts";

const parts = ["tools", "http", "memory", "rendering", "soak"];
const program = new Command("bun run bench")
  .description("What the product costs.")
  .addArgument(new Argument("[parts...]", "what to measure").choices(parts).default(parts.slice(0, -1)))
  .option("--sizes <list>", "emails in a mailbox", "1000,20000,100000")
  .option("--delays <list>", "milliseconds to the mail server and back", "0,20,50,150")
  .option("--rounds <number>", "of each tool", "20")
  .option("--minutes <number>", "of the soak", "30")
  .option("--write", "puts the tables into bench/RESULTS.md, too, in the place of the older ones")
  .parse();
const chosen = z.array(z.string()).parse(program.processedArgs[0]);
const values = z
  .object({
    sizes: z.string(),
    delays: z.string(),
    rounds: z.string(),
    minutes: z.string(),
    write: z.boolean().default(false),
  })
  .parse(program.opts());
const needed = missingPackages.filter((name) => /dovecot|openssl/.test(name));
if (needed.length > 0) {
  process.stderr.write(`The benchmark needs: apt-get install ${needed.join(" ")}\n`);
  process.exit(1);
}

const numbers = (text: string) => text.split(",").map(Number);
const say = (line: string) => process.stderr.write(`${line}\n`);
const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Linux, Bun ${Bun.version}`;
const results = join(import.meta.dir, "RESULTS.md");

/** Measures it if it was asked for. `words` are what a reader asks for it by. */
async function part(name: string, title: string, work: () => Promise<string>, words = ""): Promise<void> {
  if (!chosen.includes(name)) return;
  const table = await work();
  const day = new Date().toISOString().slice(0, 10);
  const how = `Measured on ${day} on ${machine}, by \`bun run bench ${name}${words}\`.`;
  const section = `## ${title}\n\n${how}\n\n${table}\n`;
  process.stdout.write(`${section}\n`);
  if (values.write) writeFileSync(results, withSection(readFileSync(results, "utf8"), title, section));
}

/** The page with this section in the place of the older one of its title, or at its end. */
function withSection(page: string, title: string, section: string): string {
  const sections = page
    .trimEnd()
    .split(/^(?=## )/m)
    .map((one) => `${one.trimEnd()}\n`);
  const at = sections.findIndex((one) => one.startsWith(`## ${title}\n`));
  return sections.toSpliced(at < 0 ? sections.length : at, at < 0 ? 0 : 1, section).join("\n");
}

trustedAuthority();
await part(
  "tools",
  "Tools: round trips, bytes and time",
  async () => {
    const host = await startMailHost();
    const server = await startServer("server.ts");
    const settings = numbers(values.sizes).flatMap((emails) =>
      numbers(values.delays).map((delayMs): Setting => ({ emails, delayMs })),
    );
    const table = await benchTools(host, server, settings, Number(values.rounds), say);
    await server.stop();
    await host.stop();
    return table;
  },
  ` --rounds ${values.rounds}`,
);
await part("http", "The server itself", () => benchHttp(3, 6, say));
await part("memory", "Start and memory", () => benchMemory(say));
await part("rendering", "Rendering", () => benchRendering());
const minutes = Number(values.minutes);
await part("soak", "Soak", () => benchSoak(minutes, 20, say), ` --minutes ${minutes}`);
await stopMailServers();
process.exit(0);
