#!/usr/bin/env bun
/** The entry point: passes argv to the command line and exits with its code. The only file that ends the process. */
import { run } from "./cli/run.ts";
import { createLog, toErrorFields } from "./log.ts";

// After an uncaught error the state of the process is unknown: log it and exit, so that the supervisor (systemd,
// Docker) starts a new process.
const exitAfter = (event: string) => (error: unknown) => {
  createLog("error").error(event, { error: toErrorFields(error) });
  process.exit(70);
};
process.on("uncaughtException", exitAfter("uncaught_exception"));
process.on("unhandledRejection", exitAfter("unhandled_rejection"));

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
    printError: (text) => process.stderr.write(`${text}\n`),
    readStdin: async () => (process.stdin.isTTY ? "" : Bun.stdin.text()),
    stopping: stopping.signal,
  }),
);
