/**
 * The baseline of the CPU benchmark, in a process of its own: one imapflow connection with INBOX selected. Its first
 * argument is the scene as JSON. Each line of standard input orders some rounds of a tool's bare work; the answer is
 * one line with the CPU time that they used.
 */
import { createInterface } from "node:readline";
import { z } from "zod";
import { cases } from "./cases.ts";
import { openBareImap, openBareSmtp } from "./mail-host.ts";

const user = z.object({ address: z.string(), password: z.string() });
const { ports, scene } = z
  .object({
    ports: z.object({ imap: z.number(), smtp: z.number() }),
    scene: z.object({
      user,
      sink: user,
      uids: z.array(z.number()),
      attached: z.object({ id: z.string(), uid: z.number() }),
    }),
  })
  .parse(JSON.parse(process.argv[2] ?? ""));
const order = z.object({ tool: z.string(), rounds: z.number() });

const imap = await openBareImap(ports.imap, scene.user);
await imap.mailboxOpen("INBOX");
const bare = { imap, smtp: openBareSmtp(ports.smtp, scene.user) };
process.stdout.write("{}\n");
for await (const line of createInterface({ input: process.stdin })) {
  const { tool, rounds } = order.parse(JSON.parse(line));
  const work = cases.find((one) => one.tool === tool)?.bare;
  if (!work) throw new Error(`${tool} has no baseline`);
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await work(bare, scene, round);
  const { user: userMicros, system } = process.cpuUsage(before);
  process.stdout.write(`${JSON.stringify({ cpuMs: (userMicros + system) / 1000 })}\n`);
}
await imap.logout();
process.exit(0);
