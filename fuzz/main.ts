/** `bun run fuzz`: fuzzes the product for some minutes; `--help` lists the options. Exits with 1 when it finds something. */
import { join } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { missingPackages } from "../test/support/installed.ts";
import { stopMailServers } from "../test/support/mail-server.ts";
import { problemOf, runCampaign } from "./campaign.ts";
import { readFind } from "./finds.ts";
import { allTargets, nameOf } from "./targets.ts";
import { createWorld } from "./world.ts";

const program = new Command("bun run fuzz")
  .description("Feeds the product with random input, and writes what breaks an invariant to files.")
  .option("--minutes <number>", "duration", "10")
  .option("--seed <number>", "seed of the inputs; the same seed gives the same ones")
  .option("--only <names>", "targets, by commas")
  .option("--finds <folder>", "folder for finds", join(import.meta.dir, "finds"))
  .option("--replay <file>", "runs the input of a find again, instead of a campaign")
  .parse();
const options = z
  .object({
    minutes: z.coerce.number(),
    seed: z.coerce.number().int().optional(),
    only: z.string().optional(),
    finds: z.string(),
    replay: z.string().optional(),
  })
  .parse(program.opts());

const needed = missingPackages.filter((name) => /dovecot|openssl/.test(name));
if (needed.length > 0) {
  process.stderr.write(`The fuzzer needs: apt-get install ${needed.join(" ")}\n`);
  process.exit(1);
}
const report = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

async function replay(path: string): Promise<boolean> {
  const find = readFind(path);
  const target = allTargets.find((one) => nameOf(one) === find.target);
  if (!target) throw new Error(`There is no target ${find.target}.`);
  const world = createWorld();
  // The input was written by this target.
  const broken = await target((known) => problemOf(known, find.input as never, world));
  await world.close();
  report(broken ? broken.message : "Nothing breaks.");
  return broken === undefined;
}

async function fuzz(): Promise<boolean> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const names = options.only?.split(",");
  const targets = allTargets.filter((one) => names?.includes(nameOf(one)) ?? true);
  if (targets.length === 0) throw new Error(`There are these targets: ${allTargets.map(nameOf).join(", ")}.`);
  const endMs = Date.now() + options.minutes * 60_000;
  report(`seed ${seed}`);
  const world = createWorld();
  const startMs = Date.now();
  let isStopped = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      isStopped = true;
    });
  const { inputs, finds } = await runCampaign({
    targets,
    world,
    seed,
    folder: options.finds,
    isOver: () => isStopped || Date.now() >= endMs,
    report,
  });
  await world.close();
  const minutes = Math.round((Date.now() - startMs) / 60_000);
  const total = Object.values(inputs).reduce((sum, count) => sum + count, 0);
  for (const [name, count] of Object.entries(inputs)) report(`${name}: ${count} inputs`);
  report(`${total} inputs in ${minutes} minutes; ${finds.length} finds`);
  for (const { find, path, times } of finds) report(`${find.target}: ${find.kind}, ${times} times: ${path}`);
  return finds.length === 0;
}

const isClean = await (options.replay === undefined ? fuzz() : replay(options.replay));
await stopMailServers();
process.exit(isClean ? 0 : 1);
