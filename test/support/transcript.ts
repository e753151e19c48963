/**
 * The transcript of IMAP connections: the names of the commands in the flights in which they are sent. A flight ends when
 * an answer is read before the next command is written, which happens in the process itself and not by the clock.
 */
import type { ImapFlow } from "imapflow";
import type { ImapCommandLog } from "../../src/imap/command-log.ts";
import { canExecute } from "../../src/imap/raw-search.ts";

export type Transcript = {
  /** Writes the transcript of a connection from now on. */
  watch: ImapCommandLog;
  /** The number of connections that are open. */
  open(): number;
  /**
   * Returns what was sent since the last call, and forgets it: commands of one flight are joined by "+", flights by ", ",
   * connections by " | ".
   */
  take(): string;
};

export function createTranscript(): Transcript {
  const connections: { flights: string[][]; isAnswered: boolean }[] = [];
  const open = new Set<ImapFlow>();

  function watch(imap: ImapFlow): void {
    if (!canExecute(imap) || !("write" in imap) || typeof imap.write !== "function")
      throw new Error("no write");
    const connection = { flights: [] as string[][], isAnswered: true };
    connections.push(connection);
    open.add(imap);
    imap.once("close", () => open.delete(imap));

    const write = imap.write.bind(imap);
    const exec = imap.exec.bind(imap);
    Object.assign(imap, {
      write(chunk: string | Buffer) {
        const [, name] = /^[0-9A-F]+ ((?:UID )?[A-Z]+)/.exec(chunk.toString("latin1").slice(0, 60)) ?? [];
        if (name) {
          if (connection.isAnswered) connection.flights.push([]);
          connection.isAnswered = false;
          connection.flights.at(-1)?.push(name);
        }
        return write(chunk);
      },
    });
    imap.exec = async (...parameters) => {
      try {
        return await exec(...parameters);
      } finally {
        connection.isAnswered = true;
      }
    };
  }

  return {
    watch,
    open: () => open.size,
    take() {
      const texts = connections
        .map(({ flights }) =>
          flights
            .splice(0)
            .map((flight) => flight.join(" + "))
            .join(", "),
        )
        .filter((text) => text !== "");
      return texts.join(" | ");
    },
  };
}
