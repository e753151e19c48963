/**
 * One JSON line per event, to stderr, with allow-listed fields only: what is not in `LogFields` cannot be logged,
 * so no secret, address, subject or body reaches a log by accident.
 */
import pino from "pino";

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
  count?: number;
  failed?: number;
  messageId?: string;
  host?: string;
  port?: number;
  reason?: string;
  setting?: string;
  version?: string;
  signal?: string;
  /** Our own bugs: class name and stack without the message, which might quote input. */
  error?: { name: string; stack: string };
};

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export type Log = {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
};

/** A log that writes lines of `{"time","level","event",…}`. `write` gets each line whole; default stderr. */
export function createLog(
  level: LogLevel,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Log {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: "event",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
  };
}

/** An unforeseen error as fields: its class and where it happened, without its message. */
export function toErrorFields(error: unknown): { name: string; stack: string } {
  if (!(error instanceof Error)) return { name: typeof error, stack: "" };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return { name: error.name, stack: frames.slice(0, 12).join("\n") };
}

/**
 * The cause of a foreseen failure as one field: its class and its codes (`Error ETIMEDOUT`, `Error NO OVERQUOTA`),
 * without its message, in which a mail server may say anything. Undefined when there is none.
 */
export function toReason(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const told: Record<string, unknown> = { ...cause, name: cause.name };
  const codes = ["name", "code", "responseStatus", "serverResponseCode", "responseCode"].flatMap((field) => {
    const value = told[field];
    return typeof value === "number" || (typeof value === "string" && /^[\w-]{1,40}$/.test(value))
      ? [value]
      : [];
  });
  return codes.join(" ");
}
