/**
 * Proof of the person by a sign-in anew at the issuer of an account: `prompt=login` and `max_age=0`, a checked
 * `auth_time`, and a login at the mail server as the account's address.
 */
import type { Context } from "hono";
import { z } from "zod";
import type { SignInConnector } from "../accounts/sign-in-connector.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { BrowserBinding } from "../http/browser-binding.ts";
import type { AppEnv } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { ProofArrival, SignInFlow } from "../signin/flow.ts";
import type { Issuer } from "../signin/issuer.ts";
import type { Proofs } from "./proofs.ts";

/** The page that asks for the proof, and the subject that the proof is for. */
const target = z.object({
  grantId: z.string(),
  /** The id of an approval, or that of the grant for the grant's own page. */
  subject: z.string(),
  /** The secret of the link to an approval; it opens the approval on return. */
  k: z.string().optional(),
});

type ProofTarget = z.infer<typeof target>;

/** `wrong`: the person did not sign in, or with another account. `failed`: it could not be tried. */
export type IssuerProofOutcome = { proof: string } | { problem: "wrong" | "failed" };

export type IssuerProof = ReturnType<typeof createIssuerProof>;

export function createIssuerProof(deps: {
  issuers: readonly Issuer[];
  signInFlow: Pick<SignInFlow, "leave">;
  signInConnector: Pick<SignInConnector, "prove">;
  browsers: Pick<BrowserBinding, "identify">;
  vault: Pick<Vault, "listAccounts">;
  proofs: Pick<Proofs, "issue">;
  config: Pick<Config, "trustedProxies">;
}) {
  const { issuers, signInFlow, signInConnector, browsers, vault, proofs, config } = deps;

  async function findAccount(grant: Pick<LiveGrant, "id" | "dataKey">, accountId: string) {
    const accounts = await vault.listAccounts(grant.id, grant.dataKey);
    const account = accounts.find(({ id }) => id === accountId);
    const issuer = issuers.find(({ id }) => id === account?.issuer);
    return account && issuer ? { address: account.address, issuer } : undefined;
  }

  return {
    /** Returns the name of the issuer of an account; undefined for an account with a password. */
    nameOf: async (
      grant: Pick<LiveGrant, "id" | "dataKey">,
      accountId: string,
    ): Promise<string | undefined> => (await findAccount(grant, accountId))?.issuer.name,

    /**
     * Redirects to the issuer of an account. Resolves with undefined for an account with a password. Rejects with
     * SignInError issuer_down.
     */
    async begin(
      c: Context<AppEnv>,
      grant: Pick<LiveGrant, "id" | "dataKey">,
      { accountId, ...rest }: Omit<ProofTarget, "grantId"> & { accountId: string },
    ): Promise<Response | undefined> {
      const found = await findAccount(grant, accountId);
      if (!found) return undefined;
      const location = await signInFlow.leave(found.issuer, {
        kind: "prove",
        address: found.address,
        browserHash: browsers.identify(c),
        approval: JSON.stringify({ ...rest, grantId: grant.id } satisfies ProofTarget),
      });
      c.header("Cache-Control", "no-store");
      return c.redirect(location, 303);
    },

    /** Proves the login of an arrival, and issues a proof for what it was begun for. */
    async finish(
      c: Context<AppEnv>,
      { issuer, signIn, redeem }: ProofArrival,
    ): Promise<{ target: ProofTarget; outcome: IssuerProofOutcome }> {
      const begun = target.parse(JSON.parse(signIn.approval));
      try {
        const options = { signal: c.var.arrived.signal, peer: identifyPeer(c, config) };
        await signInConnector.prove(issuer, await redeem(), signIn.address, options);
        return { target: begun, outcome: { proof: await proofs.issue(begun, "issuer") } };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const isRefused = ["login_refused", "permission_missing"].includes(error.code);
        return { target: begun, outcome: { problem: isRefused ? "wrong" : "failed" } };
      }
    },
  };
}
