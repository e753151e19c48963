/**
 * `bun run bench`: what the product costs. All of it takes some minutes; parts by name: tools, http, memory, rendering, soak.
 *   --sizes 1000,20000,100000   --delays 0,20,50,150   --rounds 20   --minutes 30 (soak, only when asked for)
 */
import { parseArgs } from "node:util";
import { trustedAuthority } from "../test/support/authority.ts";
import { missingPackages } from "../test/support/installed.ts";
import { stopMailServer } from "../test/support/mail-server.ts";
import { benchHttp } from "./http.ts";
import { startMailHost } from "./mail-host.ts";
import { benchMemory } from "./memory.ts";
import { startServer } from "./processes.ts";
import { benchRendering } from "./rendering.ts";
import { benchSoak } from "./soak.ts";
import { benchTools, type Setting } from "./tools.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", default: "1000,20000,100000" },
    delays: { type: "string", default: "0,20,50,150" },
    rounds: { type: "string", default: "20" },
    minutes: { type: "string", default: "30" },
  },
});
if (missingPackages.length > 0) {
  process.stderr.write(`The benchmark needs: apt-get install ${missingPackages.join(" ")}\n`);
  process.exit(1);
}
const numbers = (text: string) => text.split(",").map(Number);
const parts = positionals.length > 0 ? positionals : ["tools", "http", "memory", "rendering"];
const say = (line: string) => process.stderr.write(`${line}\n`);
const print = (text: string) => process.stdout.write(`${text}\n\n`);
trustedAuthority();

if (parts.includes("tools")) {
  const host = await startMailHost();
  const server = await startServer("server.ts");
  const settings = numbers(values.sizes).flatMap((emails) =>
    numbers(values.delays).map((delayMs): Setting => ({ emails, delayMs })),
  );
  print(await benchTools(host, server, settings, Number(values.rounds), say));
  await server.stop();
  await host.stop();
}
if (parts.includes("http")) print(await benchHttp(5, 3, say));
if (parts.includes("memory")) print(await benchMemory(say));
if (parts.includes("rendering")) print(await benchRendering());
if (parts.includes("soak")) print(await benchSoak(Number(values.minutes), 20, say));
await stopMailServer();
process.exit(0);
