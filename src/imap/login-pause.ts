/**
 * After a login that a mail server refused, nobody logs in to that account again for a while: a changed password must
 * not become a stream of wrong ones, which locks accounts. After "too many connections", a short breath; and as long as
 * the failure itself says.
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

  function sweep(): void {
    for (const [key, { until }] of failures) if (until <= clock.now()) failures.delete(key);
  }

  return {
    /** Throws what the last attempt ended with, while its pause lasts. */
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

    /** Notes why a login failed; failures that say nothing about the account start no pause. */
    note(key: string, error: AppError): void {
      sweep();
      const ms = Math.max(pauseMs[error.code] ?? 0, (error.retryAfterSeconds ?? 0) * 1000);
      if (ms > 0) failures.set(key, { error, until: clock.now() + ms });
    },

    forget(key: string): void {
      failures.delete(key);
    },
  };
}
