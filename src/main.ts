#!/usr/bin/env bun
/** argv in, exit code out; the only file that ends the process. */
import { run } from "./cli/run.ts";
import { createLog, toErrorFields } from "./log.ts";

// A fault that nobody caught leaves the process in a state that nobody knows: say it, and let the supervisor
// (systemd, Docker) start a clean one.
const dieOf = (event: string) => (error: unknown) => {
  createLog("error").error(event, { error: toErrorFields(error) });
  process.exit(70);
};
process.on("uncaughtException", dieOf("uncaught_exception"));
process.on("unhandledRejection", dieOf("unhandled_rejection"));

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort(signal);
  });
}

process.exit(
  await run(process.argv.slice(2), {
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    readInput: async () => (process.stdin.isTTY ? "" : Bun.stdin.text()),
    stopping: stopping.signal,
  }),
);
