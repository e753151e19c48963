/**
 * The log: one JSON line per event, on stderr, with allow-listed fields only. A field that is not in `LogFields` cannot
 * be logged, so that no secret, address, subject or body reaches a log by accident.
 */

import { systemClock } from "./clock.ts";

export type LogFields = {
  requestId?: string;
  grant?: string;
  account?: string;
  client?: string;
  tool?: string;
  effect?: string;
  method?: string;
  /** A route pattern such as /oauth/authorize, never a URL with its query. */
  route?: string;
  status?: number;
  outcome?: string;
  code?: string;
  durationMs?: number;
  /** An IMAP or SMTP command's name, never with its arguments. */
  command?: string;
  /** Numbers of a connection and of its selected mailbox, in the order they were opened. */
  connection?: number;
  mailbox?: number;
  sentOctets?: number;
  receivedOctets?: number;
  count?: number;
  failed?: number;
  messageId?: string;
  host?: string;
  port?: number;
  reason?: string;
  /** The id of an issuer in the operator's settings. */
  issuer?: string;
  retryInSeconds?: number;
  setting?: string;
  version?: string;
  signal?: string;
  /** An unexpected error: class name and stack without the message, which may quote input. */
  error?: { name: string; stack: string };
};

const levels = ["debug", "info", "warn", "error", "silent"] as const;
type LogLevel = (typeof levels)[number];

export type Log = {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
};

/** Creates a log of lines such as `{"time","level","event",…}`. `write` receives whole lines; default: stderr. */
export function createLog(
  level: LogLevel,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Log {
  const threshold = levels.indexOf(level);
  const at =
    (ofLine: Exclude<LogLevel, "silent">) =>
    (event: string, fields: LogFields = {}) => {
      if (levels.indexOf(ofLine) < threshold) return;
      write(
        `${JSON.stringify({ level: ofLine, time: new Date(systemClock.now()).toISOString(), ...fields, event })}\n`,
      );
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The line about lines of the log that could not be written. */
export function toDroppedLines(count: number): string {
  let dropped = "";
  createLog("error", (line) => {
    dropped = line;
  }).error("log_lines_dropped", { count });
  return dropped;
}

/** Converts an unexpected error to log fields: its class and stack, without its message. */
export function toErrorFields(error: unknown): { name: string; stack: string } {
  if (!(error instanceof Error)) return { name: typeof error, stack: "" };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return { name: error.name, stack: frames.slice(0, 12).join("\n") };
}

/**
 * Describes the cause of an expected failure by its class and codes (`Error ETIMEDOUT`, `Error NO OVERQUOTA`), without
 * its message, which may be text of a mail server. Undefined when the cause is not an Error.
 */
export function describeCause(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const fields: Record<string, unknown> = { ...cause, name: cause.name };
  const codes = ["name", "code", "responseStatus", "serverResponseCode", "responseCode"].flatMap((field) => {
    const value = fields[field];
    return typeof value === "number" || (typeof value === "string" && /^[\w-]{1,40}$/.test(value))
      ? [value]
      : [];
  });
  return codes.join(" ");
}
