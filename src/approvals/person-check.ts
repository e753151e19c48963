/** The checks that the person's own pages share: the origin of a form, and proof of the person. */
import type { Context } from "hono";
import type { PasswordProof } from "../accounts/password-proof.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { AppEnv } from "../http/guard.ts";
import { createOwnOrigin } from "../http/own-origin.ts";
import { identifyPeer } from "../http/peer.ts";
import type { ConnectionCookies } from "./connection-cookies.ts";
import type { ProofOrigin } from "./decide.ts";
import type { Passkeys } from "./passkeys.ts";
import type { Proofs } from "./proofs.ts";

/** Wrong passwords on one approval, and on all pages of a grant within an hour. */
const maxWrongPerApproval = 5;
const maxWrongPerHour = 10;

/** The outcome of a typed password. */
type PasswordOutcome =
  | { proof: string }
  | { problem: "wrong" | "too_many" | "failed"; retryAfterSeconds?: number | undefined };

export type PersonCheck = ReturnType<typeof createPersonCheck>;

export function createPersonCheck(deps: {
  config: Pick<Config, "publicUrl" | "trustedProxies">;
  cookies: ConnectionCookies;
  proofs: Proofs;
  passkeys: Pick<Passkeys, "list" | "asksEachTime">;
  provePassword: PasswordProof;
}) {
  const { config, cookies, proofs, passkeys, provePassword } = deps;
  const isOwnOrigin = createOwnOrigin(config);

  return {
    /**
     * Tells whether a form was sent by a page of ours: with our own Origin, and `Sec-Fetch-Site: same-origin` where the
     * browser sends it (plain http leaves it out). These stop other web pages; only a secret stops a program.
     */
    isOwnPost(c: Context): boolean {
      const origin = c.req.header("Origin");
      const site = c.req.header("Sec-Fetch-Site");
      if (site !== undefined && site !== "same-origin") return false;
      return origin !== undefined && isOwnOrigin(c, origin);
    },

    /**
     * Resolves with what proves the person for one decision, besides a passkey: a fresh proof, which is used up, or the
     * cookie alone where that suffices. Undefined when nothing does, and always where a passkey is asked for each time.
     */
    async findOrigin(
      subject: { grantId: string; subject: string },
      given: { cookie: LiveGrant | undefined; proof: string | undefined },
    ): Promise<ProofOrigin | undefined> {
      if (await passkeys.asksEachTime(subject.grantId)) return undefined;
      const fresh = given.proof === undefined ? undefined : await proofs.consume(subject, given.proof);
      if (fresh) return fresh;
      return given.cookie && !cookies.isLoopback ? "cookie" : undefined;
    },

    /** Tells whether a proof is fresh, and uses it up. Where a passkey is registered, only one by passkey is. */
    async isFresh(
      subject: { grantId: string; subject: string },
      proof: string | undefined,
    ): Promise<boolean> {
      const origin = proof === undefined ? undefined : await proofs.consume(subject, proof);
      if (origin === undefined) return false;
      return origin === "passkey" || (await passkeys.list(subject.grantId)).length === 0;
    },

    /**
     * Tries a password of an account, at most five times per approval and ten times an hour per grant. `countWrong`
     * counts it on the approval, and takes it back.
     */
    async tryPassword(
      c: Context<AppEnv>,
      attempt: {
        grant: LiveGrant;
        accountId: string;
        password: string;
        subject: string;
        wrongBefore?: number | undefined;
        countWrong?(by: 1 | -1): Promise<void>;
      },
    ): Promise<PasswordOutcome> {
      const { grant, accountId, password, subject, wrongBefore = 0, countWrong = async () => {} } = attempt;
      if (wrongBefore >= maxWrongPerApproval) return { problem: "too_many" };
      // Counted before it is tried, so that tries at the same time cannot pass the limit.
      const wrong = await proofs.addWrong(grant.id, maxWrongPerHour);
      if (wrong === undefined) return { problem: "too_many", retryAfterSeconds: 3_600 };
      await countWrong(1);
      try {
        const peer = identifyPeer(c, config);
        await provePassword(grant, accountId, password, { peer, signal: c.var.arrived.signal });
      } catch (error) {
        if (error instanceof AppError && error.code === "login_refused") return { problem: "wrong" };
        await proofs.removeWrong(wrong);
        await countWrong(-1);
        if (!(error instanceof AppError)) throw error;
        const { retryAfterSeconds } = error;
        return { problem: error.code === "rate_limited" ? "too_many" : "failed", retryAfterSeconds };
      }
      await proofs.removeWrong(wrong);
      await countWrong(-1);
      return { proof: await proofs.issue({ grantId: grant.id, subject }, "password") };
    },
  };
}
