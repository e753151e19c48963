/** The product in a process of its own, and what is observed of it: errors, stalls of its event loop, memory. */
import { join } from "node:path";
import { z } from "zod";
import { trustedAuthority } from "../test/support/authority.ts";
import { testSettings } from "../test/support/product.ts";
import { Broken } from "./target.ts";

/** Limits of the calls of this product, shorter than a person's, so that a server that stalls costs little time. */
export const callDeadlineMs = 6_000;
/** A call that is not answered by then never will be. */
const maxCallMs = 60_000;
const reportWithinMs = 60_000;
/** SECURITY.md, D01. */
const maxStallMs = 50;
/** The memory that deploy/ allows the server with its child processes. */
const maxMemoryBytes = 1_000_000_000;
const stallRounds = 4;

const observation = z.object({
  /** Log events that are defects, and errors that nobody caught. */
  problems: z.array(z.string()),
  stallMs: z.number(),
  /** The most that the server and its child processes held together. */
  memoryBytes: z.number(),
});
type Observation = z.output<typeof observation>;

const started = z.object({ url: z.string(), clientId: z.string(), clientSecret: z.string() });

export type ObservedProduct = z.output<typeof started> & {
  dataDir: string;
  settings: Readonly<Record<string, string>>;
  /**
   * Runs work that the product does, and throws Broken when it crashes, does not answer, logs a defect, or needs more
   * memory than it may. With `again`, a stall counts only if it is as long in each of some rounds: a garbage
   * collection or a first compilation is not the input's doing.
   */
  watch(work: () => Promise<void>, again?: () => Promise<void>): Promise<void>;
  kill(): Promise<void>;
};

export async function startObservedProduct(): Promise<ObservedProduct> {
  const settings = testSettings({
    SENDS_PER_HOUR: "1000",
    SENDS_PER_DAY: "10000",
  });
  let resolveStarted: (message: unknown) => void = () => {};
  let resolveReport: (message: unknown) => void = () => {};
  const firstMessage = new Promise<unknown>((resolve) => {
    resolveStarted = resolve;
  });
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "product-process.ts")], {
    env: {
      ...settings,
      NODE_EXTRA_CA_CERTS: trustedAuthority().bundleFile,
      PATH: process.env.PATH ?? "",
    },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
    onExit: () => resolveStarted(undefined),
    ipc(message) {
      resolveStarted(message);
      resolveReport(message);
    },
  });
  const product = started.parse(await within(30_000, firstMessage, "the product did not start"));

  async function observe(): Promise<Observation> {
    const answer = new Promise<unknown>((resolve) => {
      resolveReport = resolve;
    });
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Broken("crash", `exit code ${child.exitCode}, signal ${child.signalCode}`);
    child.send("report");
    return observation.parse(await within(reportWithinMs, answer, "the event loop does not run"));
  }

  async function observeWork(work: () => Promise<void>): Promise<number> {
    let thrown: unknown;
    await within(maxCallMs, work(), `no answer within ${maxCallMs} ms`).catch((error: unknown) => {
      thrown = error;
    });
    // A crash, or a defect in the log, explains every other error.
    const { problems, stallMs, memoryBytes } = await observe();
    const [problem] = problems;
    if (problem !== undefined) throw new Broken(`defect in ${toPlaceOfDefect(problem)}`, problems.join("\n"));
    if (thrown !== undefined) throw thrown;
    if (memoryBytes > maxMemoryBytes)
      throw new Broken("memory", `${Math.round(memoryBytes / 1_000_000)} MB with child processes`);
    return stallMs;
  }

  return {
    ...product,
    dataDir: settings.DATA_DIR ?? "",
    settings,
    async watch(work, again) {
      let stallMs = await observeWork(work);
      for (let round = 1; again && stallMs >= maxStallMs && round < stallRounds; round += 1)
        stallMs = Math.min(stallMs, await observeWork(again));
      if (again && stallMs >= maxStallMs)
        throw new Broken("stall", `the event loop was held for ${Math.round(stallMs)} ms`);
    },
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The first file of ours or of a library in a stack: it tells one defect from another. */
const toPlaceOfDefect = (problem: string) =>
  /\/(?:src|node_modules)\/([\w@./-]+)/.exec(problem)?.[1] ?? "the log";

async function within<T>(ms: number, work: Promise<T>, otherwise: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Broken("deadline", otherwise)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
