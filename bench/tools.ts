/** The tools benchmark: round trips, bytes and time of each tool, compared with two baselines. */
import { connectMailbox } from "../test/support/authorize.ts";
import { openClient, type TestClient } from "../test/support/mcp-client.ts";
import { type Bare, type Case, cases, type Scene } from "./cases.ts";
import type { MailHost } from "./mail-host.ts";
import type { ServerProcess } from "./processes.ts";
import { percentile, short, time, toTable } from "./table.ts";

export type Setting = { emails: number; delayMs: number };

type Cost = { roundTrips: number; kilobytes: number };
type Result = Setting & {
  tool: string;
  warm: Cost & { p50: number; p95: number };
  cold: Cost & { ms: number };
  bare: Cost & { p50: number };
  perCall: Cost & { p50: number };
};

const head = [
  ...["tool", "emails", "delay ms", "round trips", "bare", "per call", "KB", "bare KB"],
  ...["p50 ms", "p95 ms", "cold ms", "cold round trips", "bare p50", "ratio", "per call p50", "times faster"],
];

async function openBare(host: MailHost, scene: Scene): Promise<Bare> {
  const bare = { imap: await host.openImap(scene.user), smtp: host.openSmtp(scene.user) };
  await bare.imap.mailboxOpen("INBOX");
  return bare;
}

/** Runs each side several times, so that its code is compiled by the optimizing tiers. */
async function warmUp(host: MailHost, test: Case, scene: Scene): Promise<void> {
  for (const proxy of [host.proxies.imap, host.proxies.smtp]) proxy.delay(0);
  const bare = await openBare(host, scene);
  for (let round = 0; round < 10; round += 1) {
    await test.call(scene, round);
    await test.bare(bare, scene, round);
  }
  await bare.imap.logout();
  bare.smtp.close();
}

async function measure(
  host: MailHost,
  setting: Setting,
  rounds: number,
  test: Case,
  scene: Scene,
): Promise<Result> {
  const { imap, smtp } = host.proxies;
  for (const proxy of [imap, smtp]) proxy.delay(setting.delayMs);

  /** Measures several works in turn, so that changes in machine load affect all of them. */
  async function measureCosts(
    count: number,
    ...works: ((round: number) => Promise<unknown>)[]
  ): Promise<(Cost & { times: number[] })[]> {
    const sums = works.map((work) => ({ work, times: [] as number[], roundTrips: 0, kilobytes: 0 }));
    for (let round = 0; round < count; round += 1)
      for (const sum of sums) {
        for (const proxy of [imap, smtp]) proxy.reset();
        sum.times.push(await time(() => sum.work(round)));
        // Traffic after the answer (a copy in Sent, LOGOUT) counts as well.
        if (sums.length === 1) await Bun.sleep(setting.delayMs + 20);
        const counted = [imap.count(), smtp.count()];
        sum.roundTrips += counted.reduce((all, { roundTrips }) => all + roundTrips, 0) / count;
        sum.kilobytes += counted.reduce((all, { received }) => all + received, 0) / count / 1000;
      }
    return sums;
  }

  for (const proxy of [imap, smtp]) proxy.drop();
  await Bun.sleep(20);
  const [cold] = await measureCosts(1, () => test.call(scene, 0));
  // As in real use, a list precedes the call, which fills the cache of the product.
  await scene.claude.call("get_recent_emails", { limit: 50 });
  const bare = await openBare(host, scene);
  const tool = (round: number) => test.call(scene, round + 1);
  const baseline = (round: number) => test.bare(bare, scene, round + 1);
  await test.bare(bare, scene, 0);
  // Cases with changes do not take turns: the other connection would receive the changes.
  const [warm, bareCosts] = test.reads
    ? await measureCosts(rounds, tool, baseline)
    : [...(await measureCosts(rounds, tool)), ...(await measureCosts(rounds, baseline))];
  await bare.imap.logout();
  bare.smtp.close();

  const [perCall] = await measureCosts(Math.max(3, Math.round(rounds / 5)), async (round) => {
    const fresh = await openBare(host, scene);
    await test.bare(fresh, scene, round);
    fresh.smtp.close();
    await fresh.imap.logout();
  });
  if (!cold || !warm || !bareCosts || !perCall) throw new Error("a measurement is missing");

  return {
    ...setting,
    tool: test.tool,
    warm: { ...warm, p50: percentile(warm.times, 0.5), p95: percentile(warm.times, 0.95) },
    cold: { ...cold, ms: cold.times[0] ?? Number.NaN },
    bare: { ...bareCosts, p50: percentile(bareCosts.times, 0.5) },
    perCall: { ...perCall, p50: percentile(perCall.times, 0.5) },
  };
}

function toRow(result: Result): (string | number)[] {
  const { warm, bare, perCall, cold } = result;
  return [
    ...[result.tool, result.emails, result.delayMs],
    ...[warm.roundTrips, bare.roundTrips, perCall.roundTrips, warm.kilobytes, bare.kilobytes].map(short),
    ...[warm.p50, warm.p95, cold.ms, cold.roundTrips, bare.p50, warm.p50 / bare.p50].map(short),
    ...[perCall.p50, perCall.p50 / warm.p50].map(short),
  ];
}

/** Runs every case in every setting. `report` receives one line of progress per case. */
export async function benchTools(
  host: MailHost,
  server: ServerProcess,
  settings: readonly Setting[],
  rounds: number,
  report: (line: string) => void,
): Promise<string> {
  const results: Result[] = [];
  const sink = await host.kit.newUser();
  for (const emails of new Set(settings.map((setting) => setting.emails))) {
    const user = await host.createUser(emails);
    const claude = await connect(host, server, user);
    for (const setting of settings.filter((one) => one.emails === emails)) {
      for (const test of cases) {
        const recent = await claude.call("get_recent_emails", { limit: 50 });
        const ids = (recent.data.emails as { id: string }[]).map((row) => row.id);
        // Older emails, so that the bare connection moves different ones.
        const uids = await host.kit.withImap(user, async (imap) => {
          await imap.mailboxOpen("INBOX");
          return ((await imap.search({ all: true }, { uid: true })) || []).slice(-200, -100);
        });
        // A grant may send ten emails an hour, so each setting uses a new grant and at most eight rounds.
        const sender = test.smtp ? await connect(host, server, user) : undefined;
        const attached = await findAttached(host, user, claude);
        const scene = { claude: sender ?? claude, user, sink, ids, uids, attached };
        if (test.reads && setting === settings[0]) await warmUp(host, test, scene);
        const result = await measure(host, setting, sender ? Math.min(rounds, 8) : rounds, test, scene);
        await sender?.close();
        results.push(result);
        report(toRow(result).join("  "));
        await moveBack(host, user);
      }
    }
    await claude.close();
  }
  return toTable(head, results.map(toRow));
}

/** Connects a client with its own grant, without delay. */
export async function connect(host: MailHost, server: ServerProcess, user: Scene["user"]) {
  for (const proxy of [host.proxies.imap, host.proxies.smtp]) proxy.delay(0);
  const { accessToken } = await connectMailbox(server, user, { servers: host.servers });
  return openClient(server, accessToken);
}

/** Finds the newest email with an attachment. */
export async function findAttached(
  host: MailHost,
  user: Scene["user"],
  claude: TestClient,
): Promise<Scene["attached"]> {
  const recent = await claude.call("get_recent_emails", { limit: 50 });
  const rows = recent.data.emails as { id: string; attachments: number }[];
  const at = rows.findIndex(({ attachments }) => attachments > 0);
  const uid = await host.kit.withImap(user, async (imap) => {
    await imap.mailboxOpen("INBOX");
    return ((await imap.search({ all: true }, { uid: true })) || []).at(-1 - at) ?? 0;
  });
  return { id: rows[at]?.id ?? "", uid };
}

/** Restores the mailbox: moves the emails back from Archive. */
async function moveBack(host: MailHost, user: Scene["user"]): Promise<void> {
  await host.kit.withImap(user, async (imap) => {
    await imap.mailboxOpen("Archive");
    if (imap.mailbox && imap.mailbox.exists > 0) await imap.messageMove("1:*", "INBOX");
  });
}
