/**
 * Lines for a file descriptor, written without holding the process: not even a reader that stopped reading does. The
 * process must flush before it ends, since what is not written by then is lost.
 */
import { write } from "node:fs";

type LineWriter = {
  /** Writes a line, with its line end, within `delayMs`. */
  write(line: string): void;
  /** Resolves when all lines are written, or after `maxMs`. */
  flush(maxMs: number): Promise<void>;
};

/** Time for which lines are gathered: one write of many lines costs as much CPU time as one of a single line. */
const delayMs = 10;
/** Time until a pipe that is full is tried again. */
const retryMs = 20;
/** Characters that wait for a reader who stopped reading; further lines are dropped and counted. */
const maxWaitingCharacters = 8 * 1024 * 1024;

/** `toDropped` words the line that follows dropped ones. Errors of the descriptor are ignored: there is no one to tell. */
export function createLineWriter(fd: number, toDropped: (count: number) => string): LineWriter {
  let waiting: string[] = [];
  let waitingCharacters = 0;
  let dropped = 0;
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let isWriting = false;
  let written = Promise.resolve();

  function start(): void {
    clearTimeout(gathering);
    gathering = undefined;
    if (!isWriting) written = writeAll();
  }

  async function writeAll(): Promise<void> {
    isWriting = true;
    while (waiting.length > 0) {
      if (dropped > 0) waiting.push(toDropped(dropped));
      dropped = 0;
      const lines = Buffer.from(waiting.join(""));
      waiting = [];
      waitingCharacters = 0;
      await writeBytes(fd, lines);
    }
    isWriting = false;
  }

  return {
    write(line) {
      if (waitingCharacters > maxWaitingCharacters) {
        dropped += 1;
        return;
      }
      waiting.push(line);
      waitingCharacters += line.length;
      if (!isWriting) gathering ??= setTimeout(start, delayMs);
    },
    async flush(maxMs) {
      start();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, maxMs);
      await Promise.race([written, late.promise]);
      clearTimeout(timer);
    },
  };
}

/** Writes all of `bytes`; gives up at an error other than a full pipe. */
async function writeBytes(fd: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const result = await writeSome(fd, bytes.subarray(at));
    if (result === "failed") return;
    if (result === "full") await Bun.sleep(retryMs);
    else at += result;
  }
}

function writeSome(fd: number, bytes: Buffer): Promise<number | "full" | "failed"> {
  return new Promise((resolve) => {
    write(fd, bytes, (error, written) => {
      if (error) resolve(error.code === "EAGAIN" ? "full" : "failed");
      else resolve(written);
    });
  });
}
