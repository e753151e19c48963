/**
 * The crash test: grants rotate their tokens and send emails without pause while the server is killed (SIGKILL) again
 * and again. Every token pair that a client received must work, and no email may be lost or sent twice.
 */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { requestToken, type Tokens } from "../test/support/authorize.ts";
import { grantFor } from "../test/support/grant.ts";
import { mailServer } from "../test/support/mail-server.ts";
import { openClient } from "../test/support/mcp-client.ts";
import { freePort } from "../test/support/ports.ts";
import { testSettings } from "../test/support/product.ts";
import { temporaryDiskFolder } from "../test/support/temporary.ts";
import { type ServerProcess, startServer } from "./processes.ts";
import { createSendRecord, type SendRecord, submittedSubjects, toSendOutcome } from "./writes.ts";

/** Uptime between two kills: a random time up to this. */
const maxUptimeMs = 2_500;

type Grant = { index: number; tokens: Tokens; refusals: string[]; pairs: number };

type Run = { current: ServerProcess; isOver: boolean; sends: SendRecord; recipient: string };

/** Rotates the tokens. A lost answer is no failure: the client still has the pair before it, which must work. */
async function rotate(run: Run, grant: Grant): Promise<void> {
  try {
    const response = await requestToken(run.current, {
      grant_type: "refresh_token",
      refresh_token: grant.tokens.refreshToken,
    });
    const answer = (await response.json()) as Record<string, string>;
    if (response.status !== 200)
      grant.refusals.push(`grant ${grant.index}: ${response.status} ${answer.error}`);
    else {
      grant.tokens = {
        accessToken: answer.access_token ?? "",
        refreshToken: answer.refresh_token ?? "",
        scope: answer.scope ?? "",
      };
      grant.pairs += 1;
    }
  } catch {
    await Bun.sleep(50);
  }
}

/** SendRecord one email, and repeats the call until there is an answer, as a client does whose connection was lost. */
async function send(run: Run, grant: Grant, round: number): Promise<void> {
  const subject = `Crash ${grant.index}, email ${round}`;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      const client = await openClient(run.current, grant.tokens.accessToken);
      const answer = await client.try("send_email", { to: [run.recipient], subject, body: "Some text." });
      const outcome = toSendOutcome(answer);
      run.sends.record(subject, outcome);
      await client.close().catch(() => undefined);
      if (outcome !== "none") return;
    } catch {
      run.sends.record(subject, "maybe");
    }
    await Bun.sleep(100);
  }
}

async function work(run: Run, grant: Grant): Promise<void> {
  for (let round = 0; !run.isOver; round += 1) {
    await rotate(run, grant);
    await send(run, grant, round);
  }
}

export async function benchCrashes(
  { kills, grants: grantCount }: { kills: number; grants: number },
  report: (line: string) => void,
): Promise<string> {
  const settings = testSettings({
    PORT: String(await freePort()),
    DATA_DIR: join(temporaryDiskFolder("crashes"), "data"),
    SENDS_PER_HOUR: "1000",
    SENDS_PER_DAY: "10000",
  });
  const kit = await mailServer();
  const run: Run = {
    current: await startServer("server.ts", settings),
    isOver: false,
    sends: createSendRecord(),
    recipient: (await kit.newUser()).address,
  };
  const grants: Grant[] = [];
  for (let index = 0; index < grantCount; index += 1)
    grants.push({ index, tokens: await grantFor(run.current, await kit.newUser()), refusals: [], pairs: 1 });
  const working = Promise.all(grants.map((grant) => work(run, grant)));
  for (let kill = 1; kill <= kills; kill += 1) {
    await Bun.sleep(200 + Math.random() * maxUptimeMs);
    await run.current.kill();
    run.current = await startServer("server.ts", settings);
    const pairs = grants.reduce((sum, grant) => sum + grant.pairs, 0);
    report(`kill ${kill}: ${pairs} token pairs, ${run.sends.count()} emails so far`);
  }
  run.isOver = true;
  await working;

  const problems = run.sends.findProblems(submittedSubjects(kit));
  for (const grant of grants) {
    const client = await openClient(run.current, grant.tokens.accessToken).catch(() => undefined);
    if (!client) problems.push(`grant ${grant.index}: its last access token does not work`);
    await client?.close();
    await rotate(run, grant);
  }
  problems.push(...grants.flatMap(({ refusals }) => refusals));
  await run.current.stop();
  const db = new Database(join(settings.DATA_DIR ?? "", "email-connector.db"), { readonly: true });
  const [integrity] = db.query("PRAGMA integrity_check").values().flat();
  db.close();
  if (integrity !== "ok") problems.push(`the database is damaged: ${integrity}`);
  for (const problem of problems) report(problem);
  if (problems.length > 0) process.exitCode = 1;
  const pairs = grants.reduce((sum, grant) => sum + grant.pairs, 0);
  return `${kills} kills, ${grantCount} grants, ${pairs} token pairs, ${run.sends.count()} emails: ${problems.length} problems; the database is ${integrity}.`;
}
