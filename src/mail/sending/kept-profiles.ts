/**
 * The addresses, names and signatures under which people send. Read anew each day; in between they are kept in memory,
 * sealed under the grant's data key.
 */

import type { Clock } from "../../clock.ts";
import type { Signature } from "../../compose/email-request.ts";
import { createLru } from "../../lru.ts";
import { seal, unseal } from "../../secrets.ts";

/** One of the person's own addresses. */
export type Sender = { address: string; name?: string; signature?: Signature };

/** The own addresses, the one used last first. */
export type SenderProfile = { senders: Sender[] };

const lifetimeMs = 24 * 3_600_000;
const maxProfiles = 2_000;

/** The profile of one account as it is kept. */
export type KeptProfile = { read(): SenderProfile | undefined; keep(profile: SenderProfile): void };

export function createSenderProfiles({ clock }: { clock: Clock }) {
  const profiles = createLru<string, { sealed: Buffer; until: number }>(maxProfiles);
  return {
    forAccount(dataKey: Uint8Array, accountId: string): KeptProfile {
      const context = `v1 sender profile ${accountId}`;
      return {
        read() {
          const kept = profiles.get(accountId);
          if (!kept || kept.until <= clock.now()) return undefined;
          try {
            return JSON.parse(unseal(dataKey, kept.sealed, context).toString("utf8")) as SenderProfile;
          } catch {
            // Of the account under a former data key.
            return undefined;
          }
        },
        keep(profile) {
          const sealed = seal(dataKey, JSON.stringify(profile), context);
          profiles.set(accountId, { sealed, until: clock.now() + lifetimeMs });
        },
      };
    },
  };
}
