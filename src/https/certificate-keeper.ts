/**
 * Keeps one certificate valid: decides when to order the next one, tries again after failures, and hands each new
 * certificate to the listener once it is on the disk.
 */
import type { Clock } from "../clock.ts";
import { type Log, toErrorFields } from "../log.ts";
import { newRandomFraction, readCertificate } from "../secrets.ts";
import type { AcmeClient, IssuedCertificate } from "./acme-client.ts";
import { AcmeError } from "./acme-error.ts";
import type { RenewalWindow } from "./renewal-info.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Pauses after one failure, two in a row, and so on; the last one stays. */
const backOffMs = [minuteMs, 10 * minuteMs, hourMs, 6 * hourMs, 12 * hourMs];
/** Pause between two questions to the authority, unless it names one (RFC 9773 section 4.3.2). */
const askEveryMs = { least: minuteMs, usual: 6 * hourMs, most: 24 * hourMs };
/** The longest time without a look at the clock, which can jump. */
const longestWaitMs = minuteMs;
const shortestWaitMs = 1_000;

type KeeperDeps = {
  host: string;
  client: Pick<AcmeClient, "issue" | "askRenewalWindow">;
  clock: Clock;
  log: Log;
  /** The certificate that was on the disk. */
  stored: IssuedCertificate | undefined;
  save(certificate: IssuedCertificate): void;
  /** Serves a certificate. Rejects when the listener does not answer with it. */
  serve(certificate: IssuedCertificate): Promise<void>;
};

export function createCertificateKeeper({ host, client, clock, log, stored, save, serve }: KeeperDeps) {
  let current = stored;
  /** On the disk, but not served yet: another order would count against the authority's limits. */
  let unserved: IssuedCertificate | undefined;
  let failures = 0;
  let retryAt = Number.NEGATIVE_INFINITY;
  let suggestion: { window: RenewalWindow; renewAt: number } | undefined;
  let askAt = Number.NEGATIVE_INFINITY;
  let problem: string | undefined;
  let running: Promise<void> | undefined;

  /** The moment to renew: a third of the lifetime before the end, or sooner if the authority says so. */
  function renewAt(): number {
    if (current === undefined) return Number.NEGATIVE_INFINITY;
    const { startsAt, endsAt } = readCertificate(current.chain);
    const thirdLeft = endsAt - (endsAt - startsAt) / 3;
    return Math.min(thirdLeft, suggestion?.renewAt ?? thirdLeft);
  }

  async function askAuthority(): Promise<void> {
    if (current === undefined || clock.now() < askAt) return;
    try {
      const { window, askAgainMs = askEveryMs.usual } = await client.askRenewalWindow(current.chain);
      askAt = clock.now() + Math.min(Math.max(askAgainMs, askEveryMs.least), askEveryMs.most);
      suggestion = window === undefined ? undefined : toSuggestion(window);
    } catch (error) {
      // RFC 9773 section 4.3.3: without an answer the lifetime decides.
      askAt = clock.now() + askEveryMs.usual;
      log.info("renewal_info_missing", { code: describeFailure(error).code });
    }
  }

  /** Chooses a random moment of the window (RFC 9773 section 4.2), once for each window. */
  function toSuggestion(window: RenewalWindow) {
    const { startsAt, endsAt } = window;
    if (suggestion?.window.startsAt === startsAt && suggestion.window.endsAt === endsAt) return suggestion;
    return { window, renewAt: startsAt + newRandomFraction() * (endsAt - startsAt) };
  }

  async function order(): Promise<IssuedCertificate> {
    log.info("certificate_ordered", { host });
    const issued = await client.issue(host, current?.chain);
    // On the disk before it is served, so that a crash does not lose it.
    save(issued);
    return issued;
  }

  async function obtain(): Promise<void> {
    try {
      const issued = unserved ?? (await order());
      unserved = issued;
      await serve(issued);
      current = issued;
      unserved = undefined;
      failures = 0;
      problem = undefined;
      suggestion = undefined;
      askAt = Number.NEGATIVE_INFINITY;
      log.info("certificate_served", { host, count: daysLeft() });
    } catch (error) {
      const { code, reason, retryAfterMs } = describeFailure(error);
      const pauseMs = backOffMs[Math.min(failures, backOffMs.length - 1)] ?? hourMs;
      failures += 1;
      retryAt = clock.now() + Math.max(pauseMs, retryAfterMs);
      problem = reason;
      log.warn("certificate_failed", {
        ...{
          host,
          code,
          reason,
          failed: failures,
          retryInSeconds: Math.ceil((retryAt - clock.now()) / 1000),
        },
        error: error instanceof AcmeError ? undefined : toErrorFields(error),
      });
    }
  }

  async function check(): Promise<void> {
    await askAuthority();
    if (clock.now() >= renewAt() && clock.now() >= retryAt) await obtain();
  }

  function daysLeft(): number {
    if (current === undefined) return 0;
    return Math.max(0, Math.floor((readCertificate(current.chain).endsAt - clock.now()) / (24 * hourMs)));
  }

  return {
    /** Orders a certificate when one is due. Calls during a check wait for its end. Never rejects. */
    check(): Promise<void> {
      running ??= check().finally(() => {
        running = undefined;
      });
      return running;
    },

    /** Time until the next check is of use, between 1 s and 1 min. */
    nextCheckMs(): number {
      const dueAt = Math.min(Math.max(renewAt(), retryAt), Math.max(askAt, retryAt));
      return Math.min(Math.max(dueAt - clock.now(), shortestWaitMs), longestWaitMs);
    },

    /** Whole days until the certificate expires; 0 without one. */
    daysLeft,

    /** The reason why there is no new certificate, in one line; undefined after a success. */
    problem: () => problem,
  };
}

function describeFailure(error: unknown): { code: string; reason: string; retryAfterMs: number } {
  if (error instanceof AcmeError)
    return { code: error.type, reason: error.message, retryAfterMs: error.retryAfterMs ?? 0 };
  return { code: "failed", reason: "The certificate could not be stored or served.", retryAfterMs: 0 };
}
