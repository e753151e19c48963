/**
 * Pauses logins to an account after its mail server refused one: a changed password must not become a series of failed
 * logins, which lock accounts. The pause is short after "too many connections"; a failure may ask for a longer one.
 */
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";

const pauseMs: Partial<Record<AppError["code"], number>> = {
  login_refused: 60_000,
  mail_server_busy: 5_000,
};

/** Remembers failures by account key, never by a typed address. */
export function createLoginPauses({ clock }: { clock: Clock }) {
  const failures = new Map<string, { error: AppError; until: number }>();

  function removeExpired(): void {
    for (const [key, { until }] of failures) if (until <= clock.now()) failures.delete(key);
  }

  return {
    /** Throws the failure of the last attempt while its pause lasts. */
    requireNoPause(key: string): void {
      const failure = failures.get(key);
      if (!failure) return;
      const leftMs = failure.until - clock.now();
      if (leftMs <= 0) {
        failures.delete(key);
        return;
      }
      const { code, message, hint } = failure.error;
      throw new AppError(code, message, {
        hint,
        cause: failure.error,
        retryAfterSeconds: Math.ceil(leftMs / 1000),
      });
    },

    /** Starts the pause that a failed login calls for; failures that say nothing about the account start none. */
    remember(key: string, error: AppError): void {
      removeExpired();
      const ms = Math.max(pauseMs[error.code] ?? 0, (error.retryAfterSeconds ?? 0) * 1000);
      if (ms > 0) failures.set(key, { error, until: clock.now() + ms });
    },

    forget(key: string): void {
      failures.delete(key);
    },
  };
}
