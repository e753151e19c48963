#!/usr/bin/env bun
/** The entry point: passes argv to the command line and exits with its code. The only file that ends the process. */
import { run } from "./cli/run.ts";
import { createLineWriter } from "./line-writer.ts";
import { createLog, toDroppedLines, toErrorFields } from "./log.ts";

const stderr = createLineWriter(process.stderr.fd, toDroppedLines);
/** Time for the last lines to be written, where the reader of the log is slow. */
const maxFlushMs = 2_000;

async function exit(code: number): Promise<void> {
  await stderr.flush(maxFlushMs);
  process.exit(code);
}

// After an uncaught error the state of the process is unknown: log it and exit, so that the supervisor (systemd,
// Docker) starts a new process.
const exitAfter = (event: string) => (error: unknown) => {
  createLog("error", stderr.write).error(event, { error: toErrorFields(error) });
  void exit(70);
};
process.on("uncaughtException", exitAfter("uncaught_exception"));
process.on("unhandledRejection", exitAfter("unhandled_rejection"));

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) void exit(130);
    else stopping.abort(signal);
  });
}

await exit(
  await run(process.argv.slice(2), {
    print: (text) => process.stdout.write(`${text}\n`),
    printError: (text) => stderr.write(`${text}\n`),
    writeLog: stderr.write,
    readStdin: async () => (process.stdin.isTTY ? "" : Bun.stdin.text()),
    stopping: stopping.signal,
  }),
);
