/**
 * Metrics in the format of Prometheus: counts and durations with a closed set of labels, without addresses and grants.
 * Most are derived from log events: `watch` wraps the log of the product.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { AppError } from "./errors.ts";
import type { Log, LogFields } from "./log.ts";

export type Metrics = ReturnType<typeof createMetrics>;

const methods = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"];

/** Events about an issuer whose outcome is not their reason. */
const signInOutcomes: Readonly<Record<string, string>> = {
  mailbox_connected: "done",
  sign_in_client_refused: "client_refused",
};

/** Creates a registry of its own, so that several products can run in one process. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const { calls, callSeconds, requests, throttled, logins, signIns } = createInstruments(registry);

  function count(event: string, fields: LogFields): void {
    const { tool, route } = fields;
    if (tool !== undefined && (event === "call" || event === "bug")) {
      const outcome = event === "bug" ? "bug" : (fields.code ?? fields.outcome ?? "done");
      calls.inc({ tool, outcome });
      if (fields.durationMs !== undefined) callSeconds.observe({ tool }, fields.durationMs / 1000);
      if (outcome === "rate_limited") throttled.inc({ what: tool });
    }
    if (fields.issuer !== undefined) {
      const outcome = signInOutcomes[event] ?? fields.reason;
      if (outcome !== undefined) signIns.inc({ issuer: fields.issuer, outcome });
    }
    if (route !== undefined && event === "request") {
      const method = methods.includes(fields.method ?? "") ? fields.method : "other";
      requests.inc({ method, route, status: String(fields.status) });
      if (fields.status === 429) throttled.inc({ what: route });
    }
  }

  return {
    /** Wraps a log so that its events are counted, also those below its level. */
    watch(log: Log): Log {
      const counted =
        (level: keyof Log) =>
        (event: string, fields: LogFields = {}) => {
          count(event, fields);
          log[level](event, fields);
        };
      return {
        debug: counted("debug"),
        info: counted("info"),
        warn: counted("warn"),
        error: counted("error"),
      };
    },

    /** Counts the outcome of a login, and passes it on. */
    async countLogin<T>(protocol: "imap" | "smtp", login: Promise<T>): Promise<T> {
      try {
        const result = await login;
        logins.inc({ protocol, outcome: "done" });
        return result;
      } catch (error) {
        logins.inc({ protocol, outcome: error instanceof AppError ? error.code : "bug" });
        throw error;
      }
    },

    /** Registers a value that is read at each scrape. */
    gauge(
      name: "imap_connections" | "streams" | "running_calls" | "certificate_days_left",
      help: string,
      read: () => number,
    ): void {
      new Gauge({
        name: `email_connector_${name}`,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },

    /** Renders all metrics as text. */
    async read(): Promise<{ text: string; contentType: string }> {
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

function createInstruments(registry: Registry) {
  const registers = [registry];
  const calls = new Counter({
    name: "email_connector_tool_calls_total",
    help: "Tool calls by tool and outcome: done, bug, or the code of the failure.",
    labelNames: ["tool", "outcome"] as const,
    registers,
  });
  const callSeconds = new Histogram({
    name: "email_connector_tool_call_seconds",
    help: "Duration of tool calls in seconds.",
    labelNames: ["tool"] as const,
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45],
    registers,
  });
  const requests = new Counter({
    name: "email_connector_requests_total",
    help: "HTTP requests by method, route and status.",
    labelNames: ["method", "route", "status"] as const,
    registers,
  });
  const throttled = new Counter({
    name: "email_connector_throttled_total",
    help: "Calls and requests refused by a rate limit, by tool or route.",
    labelNames: ["what"] as const,
    registers,
  });
  const logins = new Counter({
    name: "email_connector_mail_logins_total",
    help: "Logins at mail servers by protocol and outcome: done, or the code of the failure.",
    labelNames: ["protocol", "outcome"] as const,
    registers,
  });
  const signIns = new Counter({
    name: "email_connector_sign_ins_total",
    help: "Mailboxes connected by a sign-in (done), and sign-ins and renewals that failed, by issuer and reason.",
    labelNames: ["issuer", "outcome"] as const,
    registers,
  });
  return { calls, callSeconds, requests, throttled, logins, signIns };
}
