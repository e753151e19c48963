/**
 * Logs each SMTP command at level debug: its name, reply code, duration and octets. Arguments, replies and messages are
 * never logged: they hold addresses, passwords and mail.
 */
import type { Log } from "../log.ts";

/** Options for nodemailer's connection that report its commands to the log. */
export type SmtpCommandLog = () => {
  logger: { debug(...args: unknown[]): void; info(...args: unknown[]): void };
  transactionLog: true;
};

const commandNames: ReadonlySet<string> = new Set(
  "EHLO HELO LHLO STARTTLS AUTH MAIL RCPT DATA RSET NOOP QUIT".split(" "),
);

type PendingCommand = { name: string; sentOctets: number; startedAt: number };

const startCommand = (name: string): PendingCommand => ({
  name,
  sentOctets: 0,
  startedAt: performance.now(),
});

/** Connections are numbered from 1 in the order they are opened. */
export function createSmtpCommandLog({ log }: { log: Log }): SmtpCommandLog {
  let connections = 0;
  return () => {
    connections += 1;
    const connection = connections;
    // Commands may be pipelined (RFC 2920): replies come in the order of the commands.
    const pending: PendingCommand[] = [startCommand("greeting")];

    function onLine(line: string): void {
      const [name = ""] = line.split(/[ :]/, 1);
      // The lines of an AUTH exchange have no name and belong to AUTH.
      if (commandNames.has(name.toUpperCase())) pending.push(startCommand(name.toUpperCase()));
      addOctets(Buffer.byteLength(line) + 2);
    }

    function addOctets(octets: number): void {
      const last = pending.at(-1);
      if (last) last.sentOctets += octets;
    }

    function onReply(reply: string): void {
      const [code] = /^\d{3}/.exec(reply) ?? [];
      // RFC 4954 section 4: 334 asks for the next line of an AUTH exchange.
      if (code === "334") return;
      const { name, sentOctets, startedAt } = pending.shift() ?? startCommand("unknown");
      log.debug("smtp_command", {
        connection,
        command: name,
        code,
        durationMs: Math.round(performance.now() - startedAt),
        sentOctets,
        receivedOctets: Buffer.byteLength(reply) + 2,
      });
      if (code === "354") pending.push(startCommand("message"));
    }

    return {
      logger: {
        debug(entry, text) {
          const kind = toRecord(entry).tnx;
          if (typeof text !== "string") return;
          if (kind === "client") onLine(text);
          if (kind === "server") onReply(text);
        },
        info(entry) {
          const { tnx, outByteCount } = toRecord(entry);
          if (tnx === "message" && typeof outByteCount === "number") addOctets(outByteCount);
        },
      },
      transactionLog: true,
    };
  };
}

function toRecord(entry: unknown): Record<string, unknown> {
  return typeof entry === "object" && entry !== null ? { ...entry } : {};
}
