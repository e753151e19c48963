/**
 * The way to an issuer and back (RFC 6749 section 4.1). What comes back is checked in a fixed order, and the issuer's
 * token endpoint is contacted only after state, issuer and browser fit.
 */
import { newToken } from "../secrets.ts";
import { toScopes } from "./choose-issuer.ts";
import type { Issuer } from "./issuer.ts";
import type { SignIn, SignIns } from "./sign-ins.ts";
import type { IssuedTokens, Upstream } from "./upstream.ts";

/** A sign-in to begin. */
type Departure =
  | Pick<
      Extract<SignIn, { kind: "connect" | "add" }>,
      "kind" | "address" | "browserHash" | "request" | "provider" | "level" | "asksForNewPeople"
    >
  | Pick<Extract<SignIn, { kind: "prove" }>, "kind" | "address" | "browserHash" | "approval">;

/**
 * A response of an issuer. `unknown`: its state is unknown, spent or expired, or it came to another issuer's path.
 * `other_browser`: it came without the cookie of the browser that left.
 */
export type Arrival =
  | { refused: "no_issuer" | "unknown" | "other_browser" }
  | {
      issuer: Issuer;
      signIn: SignIn;
      /** Redeems the code. Rejects with SignInError, also when the issuer answered with an error. */
      redeem(): Promise<IssuedTokens>;
    };

/** An arrival that proves who decides about an approval. */
export type ProofArrival = Exclude<Arrival, { refused: unknown }> & {
  signIn: Extract<SignIn, { kind: "prove" }>;
};

export type SignInFlow = ReturnType<typeof createSignInFlow>;

export function createSignInFlow(deps: {
  issuers: readonly Issuer[];
  signIns: Pick<SignIns, "begin" | "spend">;
  upstream: Pick<Upstream, "toAuthorizationUrl" | "redeem">;
  publicUrl: string;
}) {
  const { issuers, signIns, upstream, publicUrl } = deps;
  const toRedirectUri = ({ id }: Issuer) => `${publicUrl}/sign-in/${id}`;

  return {
    /** Stores a sign-in and returns the URL at the issuer. Throws SignInError issuer_down. */
    async leave(issuer: Issuer, departure: Departure): Promise<string> {
      const checks = { verifier: newToken(), nonce: newToken(16) };
      const { id, tenant } = issuer;
      const state = await signIns.begin({ ...departure, ...checks, issuer: id, tenant });
      const isProof = departure.kind === "prove";
      const url = await upstream.toAuthorizationUrl(
        issuer,
        { ...checks, state, isFresh: isProof },
        {
          redirectUri: toRedirectUri(issuer),
          scopes: isProof ? issuer.scopes : toScopes(issuer, departure.level),
          address: departure.address,
          // Single sign-on silently reuses the account of the first mailbox.
          prompt: { connect: undefined, add: issuer.accountPrompt, prove: "login" }[departure.kind],
        },
      );
      return url.href;
    },

    /**
     * Spends the sign-in of a response. `query`: the raw query of the request to the redirect URI of `issuerId`.
     * `isSameBrowser` compares the hash of the browser that left with the one that arrives.
     */
    async arrive(
      issuerId: string,
      query: string,
      isSameBrowser: (browserHash: string) => boolean,
    ): Promise<Arrival> {
      const issuer = issuers.find(({ id }) => id === issuerId);
      if (!issuer) return { refused: "no_issuer" };
      const state = new URLSearchParams(query).get("state") ?? "";
      const signIn = await signIns.spend(state);
      // One redirect URI per issuer (RFC 9700 section 4.4): a code of one never goes to another's token endpoint.
      if (signIn?.issuer !== issuer.id) return { refused: "unknown" };
      if (!isSameBrowser(signIn.browserHash)) return { refused: "other_browser" };
      const { verifier, nonce } = signIn;
      const checks = { state, verifier, nonce, isFresh: signIn.kind === "prove" };
      return {
        issuer,
        signIn,
        redeem: () => upstream.redeem(issuer, checks, { redirectUri: toRedirectUri(issuer), query }),
      };
    },
  };
}
