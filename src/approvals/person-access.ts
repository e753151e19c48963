/** Creates what a person's own browser needs: cookies and proofs, and the carrying out of decisions. */
import type { ProveImap } from "../accounts/account-connector.ts";
import { createPasswordProof } from "../accounts/password-proof.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import type { LiveGrant } from "../grant.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Log } from "../log.ts";
import type { Secrets } from "../secrets.ts";
import type { Approvals } from "./approvals.ts";
import { createConnectionCookies } from "./connection-cookies.ts";
import { createConnectionSecrets } from "./connection-secrets.ts";
import { createDecide, type DecideDeps } from "./decide.ts";
import type { KnownRecipients } from "./known-recipients.ts";
import { createPasskeys } from "./passkeys.ts";
import { createPersonCheck } from "./person-check.ts";
import { createPrivacy } from "./privacy.ts";
import { createProofs } from "./proofs.ts";
import { undoOperation } from "./undo-operation.ts";

/** The running tool calls: a decision is one of them, so that it ends with its grant and is awaited at the stop. */
type Calls = {
  run<T>(
    call: {
      grantId: string;
      cancelKey: undefined;
      callerSignal: AbortSignal;
      hintWhenStopped: undefined;
    },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
};

export function createPersonAccess(deps: {
  config: Pick<Config, "publicUrl" | "trustedProxies">;
  db: Database;
  secrets: Secrets;
  clock: Clock;
  limits: Limits;
  log: Log;
  calls: Calls;
  vault: Vault;
  approvals: Approvals;
  recipients: KnownRecipients;
  stores: DecideDeps["stores"];
  oneClick: DecideDeps["oneClick"];
  onDecided: DecideDeps["onDecided"];
  proveImap: ProveImap;
  /** The additional data of the data key that a cookie wraps. */
  toWrapContext: (grantId: string) => string;
}) {
  const { config, db, secrets, clock, limits, log, calls, vault, approvals, recipients } = deps;
  const connectionSecrets = createConnectionSecrets({
    db,
    secrets,
    clock,
    toWrapContext: deps.toWrapContext,
  });
  const cookies = createConnectionCookies({ config, connectionSecrets });
  const proofs = createProofs({ db, clock });
  const passkeys = createPasskeys({ db, clock, config });
  const provePassword = createPasswordProof({ vault, limits, proveImap: deps.proveImap });
  // The person may close the page once they have decided.
  const nobodyLeaves = new AbortController().signal;
  const run: DecideDeps["run"] = (grantId, work) =>
    calls.run(
      { grantId, cancelKey: undefined, callerSignal: nobodyLeaves, hintWhenStopped: undefined },
      work,
    );
  return {
    cookies,
    proofs,
    passkeys,
    privacy: createPrivacy({ vault, run }),
    personCheck: createPersonCheck({ config, cookies, proofs, passkeys, provePassword }),
    decide: createDecide({
      approvals,
      vault,
      stores: deps.stores,
      oneClick: deps.oneClick,
      run,
      asksEachTime: passkeys.asksEachTime,
      onSent: recipients.remember,
      onDecided: deps.onDecided,
      log,
    }),

    /** Puts back what an operation did; see undoOperation. */
    undo: (grant: LiveGrant, operationId: string) =>
      undoOperation({ vault, run }, grant, deps.stores(grant).undoLog, operationId),

    /** Deletes expired rows. */
    async sweep(): Promise<void> {
      for (const store of [connectionSecrets, proofs, passkeys]) await store.sweep();
    },
  };
}
