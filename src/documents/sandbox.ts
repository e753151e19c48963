/**
 * Runs the readers of documents in a child process without our environment, under a deadline and a memory limit: a PDF
 * or an archive that is built to exhaust its reader ends that process and nothing else.
 *
 * In the child process run `read-document.ts` and everything that only it imports: zip-archive, decompression, xml,
 * relationships, markdown-writer, word/, sheet/, slides/, open-document/ and pdf/.
 *
 * In the server process run this file, file-kind, cms, compound-file and tnef/, with the rtf/ that tnef/ needs. They
 * take bytes of strangers too, so each of them takes time and memory in proportion to its input and never throws. rtf/
 * runs in both: as a file of its own it is read in the child process.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { DocumentText } from "./document-text.ts";

export type DocumentReader = {
  /** Throws timed_out when it takes too long, cancelled when the caller goes away. */
  read(bytes: Uint8Array, signal: AbortSignal): Promise<DocumentText>;
};

/** The command of our own program that reads one document: its bytes in, JSON out. */
export const readDocumentCommand = "read-document";

const answer = z.object({ text: z.string(), notes: z.array(z.string()) });

/** Compiled, the executable itself with the command's name; else Bun with the command's file. */
function ownProgram(): string[] {
  const compiled = import.meta.dir.startsWith("/$bunfs") || import.meta.dir.includes("~BUN");
  if (compiled) return [process.execPath, readDocumentCommand];
  return [process.execPath, join(import.meta.dir, "..", "cli", "read-document.ts")];
}

/**
 * The largest files that are read take some 290 MB; a PDF of 2 KB can ask for two gigabytes. Two readers and the server
 * stay below the gigabyte that deploy/ gives them: beyond it systemd ends them all.
 */
const maxMemoryBytes = 350_000_000;
const looksEveryMs = 50;

/**
 * Ends a process that takes more memory than it may, and answers whether it did. Where there is no /proc, the deadline
 * has to do.
 */
function limitMemory(child: Bun.Subprocess, maxBytes: number): { exceeded(): boolean; stop(): void } {
  let exceeded = false;
  const looking = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "latin1");
      exceeded ||= Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024 > maxBytes;
    } catch {
      // It has ended, or this is no Linux.
    }
    if (exceeded) child.kill("SIGKILL");
  }, looksEveryMs);
  return { exceeded: () => exceeded, stop: () => clearInterval(looking) };
}

export function createDocumentReader({
  deadlineMs = 15_000,
  atOnce = 2,
  memoryBytes = maxMemoryBytes,
} = {}): DocumentReader {
  const waiting = new Set<() => void>();
  let running = 0;

  /** Resolves when there is room, in the order of coming; whoever gives up leaves the line. */
  function enter(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        waiting.delete(begin);
        signal.removeEventListener("abort", giveUp);
        running += 1;
        resolve();
      };
      const giveUp = () => {
        waiting.delete(begin);
        reject(signal.reason);
      };
      if (signal.aborted) giveUp();
      else if (running < atOnce) begin();
      else {
        waiting.add(begin);
        signal.addEventListener("abort", giveUp, { once: true });
      }
    });
  }

  function leave(): void {
    running -= 1;
    const [next] = waiting;
    next?.();
  }

  return {
    async read(bytes, signal) {
      await enter(signal);
      const begun = performance.now();
      try {
        const child = Bun.spawn(ownProgram(), {
          stdin: bytes,
          stdout: "pipe",
          stderr: "ignore",
          env: {},
          cwd: "/",
          timeout: deadlineMs,
          killSignal: "SIGKILL",
          signal,
          maxBuffer: 16_000_000,
        });
        const memory = limitMemory(child, memoryBytes);
        const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited]).finally(
          memory.stop,
        );
        if (signal.aborted) throw signal.reason;
        if (memory.exceeded())
          return { text: "", notes: ["The file takes more memory to be read than it may have."] };
        if (child.signalCode === "SIGKILL" && performance.now() - begun >= deadlineMs)
          throw new AppError("timed_out", "Reading the file took too long.", {
            hint: "Ask for a download link instead.",
          });
        // Ended by itself, or by a system that is short of memory.
        if (code !== 0) return { text: "", notes: ["The file cannot be read: its reader broke off."] };
        return answer.parse(JSON.parse(output));
      } finally {
        leave();
      }
    },
  };
}
