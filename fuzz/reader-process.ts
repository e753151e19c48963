/** The process in which single readers run, so that one that never ends, or needs too much memory, ends nothing else. */
import { join } from "node:path";
import { z } from "zod";
import { limitResources } from "../src/child-process/resources.ts";
import { Broken } from "./target.ts";

/** The longest that a reader may take, on a busy machine as well. */
const maxMs = 30_000;
const maxMemoryBytes = 600_000_000;

const outcome = z.object({
  cpuMs: z.number(),
  problem: z.object({ kind: z.string(), message: z.string() }).optional(),
});

export type ReaderProcess = {
  /** Runs a reader of readers.ts on bytes. Throws Broken. */
  run(reader: string, bytes: Uint8Array, limits: { maxCpuMs: number }): Promise<void>;
  close(): void;
};

export function createReaderProcess(): ReaderProcess {
  let answer: (message: unknown) => void = () => {};
  let child: Bun.Subprocess | undefined;
  /** Inputs that the process has read. */
  let count = 0;

  function start(): Bun.Subprocess {
    child = Bun.spawn([process.execPath, join(import.meta.dir, "readers-main.ts")], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      serialization: "advanced",
      ipc: (message) => answer(message),
      onExit: (_, code, signal) => answer({ ended: `exit code ${code}, signal ${signal}` }),
    });
    return child;
  }

  function end(): void {
    child?.kill("SIGKILL");
    child = undefined;
    count = 0;
  }

  async function runOnce(reader: string, bytes: Uint8Array): Promise<number> {
    const process = child ?? start();
    count += 1;
    const answered = new Promise<unknown>((resolve) => {
      answer = resolve;
    });
    const watch = limitResources(process, { maxMemoryBytes });
    const timer = setTimeout(() => answer({ ended: "late" }), maxMs);
    process.send({ reader, bytes });
    const message = await answered.finally(() => {
      clearTimeout(timer);
      watch.stop();
    });
    const { data } = outcome.safeParse(message);
    if (!data) {
      const isFirst = count === 1;
      end();
      // The product replaces its children after 300 requests: what thousands of inputs leave behind is no find.
      if (watch.exceeded() && !isFirst) return runOnce(reader, bytes);
      if (watch.exceeded()) throw new Broken("memory", `${reader}: more than ${maxMemoryBytes / 1e6} MB`);
      throw new Broken("crash", `${reader}: ${JSON.stringify(message)}`);
    }
    if (data.problem) throw new Broken(data.problem.kind, data.problem.message);
    return data.cpuMs;
  }

  return {
    async run(reader, bytes, { maxCpuMs }) {
      // The least of three: the first also compiles.
      let cpuMs = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 3 && cpuMs > maxCpuMs; round += 1)
        cpuMs = Math.min(cpuMs, await runOnce(reader, bytes));
      if (cpuMs > maxCpuMs) throw new Broken("slow", `${reader}: ${Math.round(cpuMs)} ms of CPU`);
    },
    close: end,
  };
}
