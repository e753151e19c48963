/** The product under observation: reports to the fuzzer, over IPC, what it asks for. Ends with the fuzzer. */

import { resourcesOf } from "../src/child-process/resources.ts";
import { loadConfig } from "../src/config.ts";
import { createLog } from "../src/log.ts";
import { start } from "../src/start.ts";
import { childProcessIds } from "../test/support/own-time.ts";
import { callDeadlineMs } from "./observed-product.ts";

const wide = { burst: 1_000_000_000, everyMs: 0.000001 };
const memoryEveryMs = 100;

let problems: string[] = [];
let stallMs = 0;
let memoryBytes = 0;

const defects = /"event":"(bug|sweep_failed|revocation_poll_failed|[a-z_]*_crashed)"/;
const config = loadConfig();
const product = await start(config, {
  log: createLog(config.logLevel, (line) => {
    if (defects.test(line)) problems.push(line.slice(0, 2_000));
  }),
  deadlines: {
    callMs: callDeadlineMs,
    imap: { connectMs: 3_000, greetingMs: 2_000, openMs: 4_000 },
    smtp: { connectMs: 3_000, greetingMs: 2_000, silenceMs: 4_000, answerMs: 4_000 },
  },
  rates: {
    page: wide,
    token: wide,
    loginByPeer: wide,
    loginByAccount: wide,
    loginByHost: wide,
    call: wide,
    message: wide,
  },
});

// Before the start, an error must end the process.
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (error: unknown) => {
    problems.push(`${event}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  });

const threadCpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};
let last = threadCpuMs();
function measureStall(): void {
  const now = threadCpuMs();
  stallMs = Math.max(stallMs, now - last);
  last = now;
}
setInterval(measureStall, 1);

function measureMemory(): void {
  const sum = [process.pid, ...childProcessIds()].reduce(
    (bytes, id) => bytes + (resourcesOf(id)?.memoryBytes ?? 0),
    0,
  );
  memoryBytes = Math.max(memoryBytes, sum);
}
setInterval(measureMemory, memoryEveryMs);

process.on("message", () => {
  measureStall();
  measureMemory();
  process.send?.({ problems, stallMs, memoryBytes });
  problems = [];
  stallMs = 0;
  memoryBytes = 0;
  last = threadCpuMs();
});
process.on("disconnect", () => process.exit());
process.send?.({ url: product.url, clientId: product.client.id, clientSecret: product.client.secret });
