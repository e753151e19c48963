/** The CPU benchmark: CPU time of the server process per call of a tool, beside bare imapflow in a process of its own. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "../test/support/authority.ts";
import { type Case, cases, type Scene } from "./cases.ts";
import type { MailHost } from "./mail-host.ts";
import type { ServerProcess } from "./processes.ts";
import { percentile, short, toTable } from "./table.ts";
import { connect, findAttached } from "./tools.ts";

/** The tools with a target, as a multiple of bare imapflow. */
const targets: Readonly<Record<string, number>> = {
  list_mailboxes: 2,
  get_recent_emails: 3,
  get_email: 3,
  mark_as_read: 4,
};
const warmUpCalls = 300;
const callsPerRound = 150;

type Sample = { ratio: number; ms: number; bareMs: number; childMs: number };

/** `rounds`: blocks of 150 calls of each tool, which take turns with as many of the bare connection. */
export async function benchCpu(
  host: MailHost,
  server: ServerProcess,
  rounds: number,
  report: (line: string) => void,
): Promise<string> {
  const user = await host.createUser(1000);
  const sink = await host.kit.newUser();
  const claude = await connect(host, server, user);
  const recent = await claude.call("get_recent_emails", { limit: 50 });
  const ids = (recent.data.emails as { id: string }[]).map((row) => row.id);
  const attached = await findAttached(host, user, claude);
  const uids = await host.kit.withImap(user, async (imap) => {
    await imap.mailboxOpen("INBOX");
    return ((await imap.search({ all: true }, { uid: true })) || []).slice(-50).reverse();
  });
  const scene: Scene = { claude, user, sink, ids, uids, attached };
  const bare = startBare(host, scene);
  await bare.next();
  const rows: (string | number)[][] = [];
  for (const test of cases.filter(({ tool }) => tool in targets)) {
    await callMany(test, scene, warmUpCalls);
    await bare.run(test.tool, warmUpCalls);
    const samples: Sample[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const before = cpuMsOf(server.pid);
      await callMany(test, scene, callsPerRound);
      const after = cpuMsOf(server.pid);
      const bareMs = (await bare.run(test.tool, callsPerRound)) / callsPerRound;
      const ms = (after.own - before.own) / callsPerRound;
      samples.push({
        ms,
        bareMs,
        ratio: ms / bareMs,
        childMs: (after.children - before.children) / callsPerRound,
      });
    }
    const median = (of: (sample: Sample) => number) => percentile(samples.map(of), 0.5);
    const row = [
      ...[
        test.tool,
        test.description,
        ...[({ ms }: Sample) => ms, ({ bareMs }: Sample) => bareMs].map(median).map(short),
      ],
      ...[
        short(median(({ ratio }) => ratio)),
        `≤ ${targets[test.tool]}`,
        short(median(({ childMs }) => childMs)),
      ],
    ];
    report(row.join("  "));
    rows.push(row);
  }
  await bare.stop();
  await claude.close();
  return toTable(["tool", "", "CPU ms", "bare imapflow", "ratio", "target", "child processes"], rows);
}

async function callMany(test: Case, scene: Scene, count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) await test.call(scene, round);
}

function startBare(host: MailHost, { claude: _, ids: __, ...scene }: Scene) {
  const ports = { imap: host.proxies.imap.port, smtp: host.proxies.smtp.port };
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "bare-imap.ts"), JSON.stringify({ ports, scene })],
    {
      env: { NODE_EXTRA_CA_CERTS: trustedAuthority().bundleFile, PATH: process.env.PATH ?? "" },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const reader = child.stdout.getReader();
  // Each answer is one short line, written at once.
  const next = async () => {
    const { value } = await reader.read();
    if (!value) throw new Error("the bare connection ended");
    return JSON.parse(new TextDecoder().decode(value)) as { cpuMs: number };
  };
  return {
    next,
    async run(tool: string, rounds: number): Promise<number> {
      child.stdin.write(`${JSON.stringify({ tool, rounds })}\n`);
      await child.stdin.flush();
      return (await next()).cpuMs;
    },
    async stop() {
      child.stdin.end();
      await child.exited;
    },
  };
}

/** CPU time of a process with all its threads, and of the child processes that it has now; in steps of 10 ms. */
export function cpuMsOf(pid: number): { own: number; children: number } {
  const own = (id: number) => {
    const stat = readFileSync(`/proc/${id}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields.slice(11, 13).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
  };
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return { own: own(pid), children: children.reduce((sum, child) => sum + own(child), 0) };
}
