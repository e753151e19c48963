/**
 * The soak test: many grants work in parallel for a time, over lines with faults, while memory and open files are
 * sampled. Afterwards every email must be where the answers said: none lost, none doubled.
 */
import { toRaw } from "../test/support/emails.ts";
import { grantFor } from "../test/support/grant.ts";
import { type MailServerKit, mailServer, type User } from "../test/support/mail-server.ts";
import { openClient, type TestClient, type ToolAnswer } from "../test/support/mcp-client.ts";
import { createRandom } from "./mailbox.ts";
import { faultKinds, type Line, startLine } from "./network.ts";
import { openFiles, residentMb, type ServerProcess, startServer } from "./processes.ts";
import { short, toTable } from "./table.ts";
import {
  createSendRecord,
  findMoveProblems,
  type SendRecord,
  submittedSubjects,
  toSendOutcome,
} from "./writes.ts";

const emailsPerGrant = 30;
/** One send in so many rounds. */
const roundsPerSend = 4;
const pauseMs = 200;

type Worker = { user: User; line: Line; client: TestClient; random: () => number };

type Counts = { calls: number; faults: Record<string, number>; failures: Record<string, number> };

type Soak = { faultPercent: number; sink: User; sends: SendRecord; counts: Counts; isOver: () => boolean };

/** Lists, reads, searches, marks, moves and sends until the soak is over. */
async function work({ client, line, random }: Worker, index: number, soak: Soak): Promise<void> {
  const { counts, sends } = soak;

  async function call(name: string, input: Record<string, unknown> = {}): Promise<ToolAnswer | undefined> {
    const isFaulty = random() * 100 < soak.faultPercent;
    const kind = faultKinds[Math.floor(random() * faultKinds.length)] ?? "cut";
    const settle = isFaulty ? line.disturb(kind, random) : undefined;
    if (isFaulty) counts.faults[kind] = (counts.faults[kind] ?? 0) + 1;
    counts.calls += 1;
    const answer = await client.try(name, input).catch(() => undefined);
    settle?.();
    if (!answer || answer.isError) {
      const code = /\((\w+)\)\s*$/.exec(answer?.text ?? "")?.[1] ?? "no answer";
      counts.failures[code] = (counts.failures[code] ?? 0) + 1;
    }
    return answer;
  }

  async function send(round: number): Promise<void> {
    const subject = `Soak of grant ${index}, round ${round}`;
    const email = { to: [soak.sink.address], subject, body: "Some text." };
    // A call that failed is repeated once, as Claude would.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = await call("send_email", email);
      const outcome = answer ? toSendOutcome(answer) : "maybe";
      sends.record(subject, outcome);
      if (outcome === "sent") return;
    }
  }

  for (let round = 0; !soak.isOver(); round += 1) {
    const source = round % 2 === 0 ? "inbox" : "archive";
    const found = await call("search_emails", { query: "subject:original", mailbox: source, limit: 20 });
    const ids = ((found?.data.emails ?? []) as { id: string }[]).map((row) => row.id);
    const id = ids[Math.floor(random() * ids.length)];
    await call("get_recent_emails", { limit: 20 });
    if (id !== undefined) {
      await call("get_email", { id });
      await call("mark_as_read", { ids: [id], read: round % 4 < 2 });
      await call("move_email", { ids: [id], mailbox: source === "inbox" ? "archive" : "inbox" });
    }
    await call("list_mailboxes");
    if (round % roundsPerSend === 0) await send(round);
    await Bun.sleep(pauseMs);
  }
}

const subjects = Array.from({ length: emailsPerGrant }, (_, index) => `original ${index}`);

async function startWorker(product: ServerProcess, kit: MailServerKit, index: number): Promise<Worker> {
  const [user, line] = await Promise.all([kit.newUser(), startLine(kit)]);
  const raw = await Promise.all(
    subjects.map((subject) => toRaw({ subject, text: "Some text.\n".repeat(40) })),
  );
  await kit.deliverAll(
    user,
    raw.map((one) => ({ raw: one })),
  );
  const tokens = await grantFor(product, user, { servers: line.servers });
  return {
    user,
    line,
    client: await openClient(product, tokens.accessToken),
    random: createRandom(index + 1),
  };
}

export async function benchSoak(
  { minutes, grants, faultPercent }: { minutes: number; grants: number; faultPercent: number },
  report: (line: string) => void,
): Promise<string> {
  const server = await startServer("server.ts", { SENDS_PER_HOUR: "1000", SENDS_PER_DAY: "10000" });
  const kit = await mailServer();
  const workers: Worker[] = [];
  for (let grant = 0; grant < grants; grant += 1) workers.push(await startWorker(server, kit, grant));
  const end = Date.now() + minutes * 60_000;
  const soak: Soak = {
    faultPercent,
    sink: await kit.newUser(),
    sends: createSendRecord(),
    counts: { calls: 0, faults: {}, failures: {} },
    isOver: () => Date.now() > end,
  };
  const working = Promise.all(workers.map((worker, index) => work(worker, index, soak)));
  const samples = await sampleUntil(end, { pid: server.pid, minutes, report });
  await working;
  const problems = soak.sends.findProblems(submittedSubjects(kit));
  for (const { user, client } of workers) {
    problems.push(...(await findMoveProblems(kit, user, { subjects, mailboxes: ["INBOX", "Archive"] })));
    await client.close();
  }
  await server.stop();
  await Promise.all(workers.map(({ line }) => line.stop()));
  for (const problem of problems) report(problem);
  if (problems.length > 0) process.exitCode = 1;
  return describeSoak({ soak, samples, problems, grants });
}

type Sample = { minute: number; mb: number; files: number };

async function sampleUntil(
  end: number,
  { pid, minutes, report }: { pid: number; minutes: number; report: (line: string) => void },
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const everyMs = Math.max(5_000, (minutes * 60_000) / 30);
  while (Date.now() < end) {
    await Bun.sleep(Math.min(everyMs, Math.max(1, end - Date.now())));
    const sample = {
      minute: minutes - (end - Date.now()) / 60_000,
      mb: residentMb(pid),
      files: openFiles(pid),
    };
    samples.push(sample);
    report(`minute ${short(sample.minute)}: ${short(sample.mb)} MB, ${sample.files} open files`);
  }
  return samples;
}

function describeSoak({
  soak,
  samples,
  problems,
  grants,
}: {
  soak: Soak;
  samples: readonly Sample[];
  problems: readonly string[];
  grants: number;
}): string {
  const { calls, faults, failures } = soak.counts;
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none";
  const selected = samples.filter(
    (_, index) => index % Math.ceil(samples.length / 10) === 0 || index === samples.length - 1,
  );
  return [
    `${grants} grants made ${calls} calls. Faults: ${list(faults)}. Calls that failed: ${list(failures)}.`,
    `${soak.sends.count()} emails were sent, and others moved between two mailboxes: ${problems.length} were lost or doubled.`,
    "",
    toTable(
      ["minute", "resident MB", "open files"],
      selected.map(({ minute, mb, files }) => [short(minute), short(mb), files]),
    ),
  ].join("\n");
}
