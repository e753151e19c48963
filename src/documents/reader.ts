/**
 * Reads documents in a process of its own, without our environment and with a deadline that kills: a PDF or an
 * archive made to exhaust its reader takes down that reader and nothing else.
 */
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { DocumentText } from "./document.ts";

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

export function createDocumentReader({ deadlineMs = 15_000, atOnce = 2 } = {}): DocumentReader {
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
        const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
        if (signal.aborted) throw signal.reason;
        if (child.signalCode === "SIGKILL")
          throw new AppError("timed_out", "Reading the file took too long.", {
            hint: "Ask for a download link instead.",
          });
        if (code !== 0) return { text: "", notes: ["The file cannot be read."] };
        return answer.parse(JSON.parse(output));
      } finally {
        leave();
      }
    },
  };
}
