/**
 * Opens a person's connections while their client still lists the tools, so that its first call finds them open. Only
 * for a grant that called a tool within the last day: others may only look. In memory; a restart forgets it.
 */

import type { Clock } from "../clock.ts";
import type { LiveGrant } from "../grant.ts";
import { createLru } from "../lru.ts";

const dayMs = 86_400_000;
const againMs = 600_000;
/** Maximum duration of opening the connections of a grant, in milliseconds. */
const openMs = 20_000;

export type WarmUp = {
  /** Notes a tool call of a grant. */
  noteCall(grantId: string): void;
  /** Opens the grant's connections, at most once in ten minutes. Does not wait, and reports no failure. */
  offer(grant: LiveGrant): void;
};

/** `open` opens the connections of a grant and obeys its signal. Undefined: nothing is opened. */
export function createWarmUp(deps: {
  clock: Clock;
  open: ((grant: LiveGrant, signal: AbortSignal) => Promise<void>) | undefined;
}): WarmUp {
  const { clock, open } = deps;
  const lastCalls = createLru<string, number>(10_000);
  const lastOffers = createLru<string, number>(10_000);
  const isWithin = (at: number | undefined, ms: number) => at !== undefined && clock.now() - at < ms;

  return {
    noteCall(grantId) {
      if (open) lastCalls.set(grantId, clock.now());
    },

    offer(grant) {
      const isUsed = isWithin(lastCalls.get(grant.id), dayMs);
      if (!open || !isUsed || isWithin(lastOffers.get(grant.id), againMs)) return;
      lastOffers.set(grant.id, clock.now());
      // After a failure the person's own call has to succeed first: a wrong password is not tried in the background.
      open(grant, AbortSignal.timeout(openMs)).catch(() => lastCalls.delete(grant.id));
    },
  };
}
