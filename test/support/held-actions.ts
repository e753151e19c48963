/** The approvals of a test that has no product: kept in its database, decided by nobody. */
import { createApprovals } from "../../src/approvals/approvals.ts";
import { createHeldActions } from "../../src/approvals/held-actions.ts";
import { createKnownRecipients } from "../../src/approvals/known-recipients.ts";
import type { Clock } from "../../src/clock.ts";
import type { Database } from "../../src/db/database.ts";
import type { Secrets } from "../../src/secrets.ts";

export function testHeldActions(deps: { db: Database; secrets: Secrets; clock: Clock }) {
  const { db, clock } = deps;
  const approvals = createApprovals({
    ...deps,
    publicUrl: "http://localhost:3000",
    maxTotalBytes: 1_000_000_000,
    toWrapContext: (id) => id,
  });
  return createHeldActions({ approvals, recipients: createKnownRecipients({ db, clock }) });
}
