/**
 * A few long-lived child processes of our own program, without our environment, that answer one message with another.
 * Work that takes too much time or memory ends its child process and nothing else; the server itself never does it.
 */
import { raceAbort } from "../abort.ts";
import { childCommand } from "./command.ts";
import type { MemoryGuard } from "./memory-guard.ts";
import { encodeMessage, type Message, readMessages } from "./messages.ts";
import { becomeFirstOomVictim, limitResources, resourcesOf } from "./resources.ts";
import { createSlots } from "./slots.ts";

/** The command of our program that renders emails and reads attachments: src/cli/render.ts. */
export const renderCommand = "render";

/** `failure`: why there is no answer. `ended`: the process crashed, or the system killed it. */
export type ChildOutcome = { answer: Message } | { failure: "timed_out" | "too_much_memory" | "ended" };

export type ChildPool = {
  /** Rejects with the signal's reason when it aborts; the process then finishes its work, or is killed. */
  run(request: Message, signal: AbortSignal, limits?: Partial<RequestLimits>): Promise<ChildOutcome>;
  /** Ends all processes; the next request starts a new one. */
  close(): void;
};

type RequestLimits = {
  /** CPU time of one request. */
  maxCpuMs: number;
  /** Duration of one request, on a busy machine as well. */
  maxMs: number;
  maxMemoryBytes: number;
};

export type ChildPoolLimits = RequestLimits & {
  maxProcesses: number;
  /** Duration of the start of a process. */
  maxStartMs: number;
  /** A process that holds more after a request is replaced. */
  recycleBytes: number;
  /** Requests after which a process is replaced. */
  recycleAfter: number;
  /** Time after its last request that a process is kept. */
  idleMs: number;
  maxAnswerBytes: number;
};

const defaultLimits: ChildPoolLimits = {
  maxProcesses: 2,
  maxCpuMs: 5_000,
  maxMs: 15_000,
  maxStartMs: 15_000,
  maxMemoryBytes: 350_000_000,
  recycleBytes: 180_000_000,
  recycleAfter: 300,
  idleMs: 120_000,
  // A composed email of 45 MB, with and without Bcc.
  maxAnswerBytes: 150_000_000,
};

type Child = {
  subprocess: Bun.Subprocess<"pipe", "pipe", "ignore">;
  messages: AsyncGenerator<Message, void, undefined>;
  served: number;
  expiry: ReturnType<typeof setTimeout> | undefined;
};

/** `command`: a hidden command of our program that runs `answerMessages`. Starts nothing before the first request. */
export function createChildPool(
  command: string,
  { guard, ...options }: Partial<ChildPoolLimits> & { guard?: MemoryGuard } = {},
): ChildPool {
  const limits = { ...defaultLimits, ...options };
  const slots = createSlots(limits.maxProcesses);
  const idle = new Set<Child>();
  const all = new Set<Child>();

  function start(): Child {
    const subprocess = Bun.spawn(childCommand(command), {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
      env: {},
      cwd: "/",
    });
    // The server may end while a child waits; the child ends with its standard input.
    subprocess.unref();
    const messages = readMessages(subprocess.stdout, limits.maxAnswerBytes);
    const child: Child = { subprocess, messages, served: 0, expiry: undefined };
    all.add(child);
    return child;
  }

  function end(child: Child): void {
    clearTimeout(child.expiry);
    idle.delete(child);
    all.delete(child);
    guard?.forget(child.subprocess);
    child.subprocess.kill("SIGKILL");
  }

  /** Keeps a child for the next request, unless it has grown or served enough. */
  function keep(child: Child): void {
    const memoryBytes = resourcesOf(child.subprocess.pid)?.memoryBytes ?? 0;
    if (!all.has(child) || child.served >= limits.recycleAfter || memoryBytes > limits.recycleBytes) {
      end(child);
      return;
    }
    idle.add(child);
    guard?.record(child.subprocess, { bytes: memoryBytes, isIdle: true, end: () => end(child) });
    child.expiry = setTimeout(() => end(child), limits.idleMs);
    child.expiry.unref();
  }

  /** Returns an idle child, or a new one once it reports that it is ready. Undefined when it does not start. */
  async function take(): Promise<Child | undefined> {
    const [known] = idle;
    if (known) {
      idle.delete(known);
      clearTimeout(known.expiry);
      if (known.subprocess.exitCode === null && known.subprocess.signalCode === null) return known;
      end(known);
    }
    const child = start();
    const timer = setTimeout(() => end(child), limits.maxStartMs);
    const ready = await nextMessage(child);
    clearTimeout(timer);
    if (ready) return child;
    end(child);
    return undefined;
  }

  async function exchange(
    child: Child,
    request: Message,
    { maxMs, ...resources }: RequestLimits,
  ): Promise<ChildOutcome> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end(child);
    }, maxMs);
    const watch = limitResources(child.subprocess, { ...resources, guard });
    try {
      for (const part of encodeMessage(request)) child.subprocess.stdin.write(part);
      // A child that has ended reads nothing; the end of its answers says so.
      Promise.resolve(child.subprocess.stdin.flush()).catch(() => {});
      const answer = await nextMessage(child);
      if (answer) {
        child.served += 1;
        keep(child);
        return { answer };
      }
    } finally {
      clearTimeout(timer);
      watch.stop();
    }
    end(child);
    const exceeded = watch.exceeded();
    if (exceeded === "memory") return { failure: "too_much_memory" };
    return { failure: isLate || exceeded === "cpu" ? "timed_out" : "ended" };
  }

  async function answer(request: Message, own: RequestLimits): Promise<ChildOutcome> {
    const child = await take();
    if (!child) return { failure: "ended" };
    const isFresh = child.served === 0;
    const outcome = await exchange(child, request, own);
    // Memory that earlier requests left in use in a child must not fail this one.
    if ("answer" in outcome || outcome.failure === "timed_out" || isFresh) return outcome;
    const second = await take();
    return second ? exchange(second, request, own) : outcome;
  }

  return {
    async run(request, signal, own = {}) {
      await slots.acquire(signal);
      const work = answer(request, { ...limits, ...own }).finally(slots.release);
      return raceAbort(signal, work);
    },
    close() {
      for (const child of [...all]) end(child);
    },
  };
}

/** The next message of a child; undefined when it has ended, or sends no message. */
async function nextMessage(child: Child): Promise<Message | undefined> {
  try {
    const { value } = await child.messages.next();
    return value ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * The other side, in the child process: reports that it is ready, and answers each message on standard input until that
 * ends. A request whose handler throws ends the process.
 */
export async function answerMessages(handle: (request: Message) => Promise<Message>): Promise<void> {
  becomeFirstOomVictim();
  const output = Bun.stdout.writer();
  const send = async (message: Message) => {
    for (const part of encodeMessage(message)) output.write(part);
    await output.flush();
  };
  await send({ header: "ready", pieces: [] });
  for await (const request of readMessages(Bun.stdin.stream(), Number.POSITIVE_INFINITY))
    await send(await handle(request));
}
