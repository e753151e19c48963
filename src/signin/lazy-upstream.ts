/** The client at the issuers, loaded at its first use: a server without sign-ins needs no OAuth client in memory. */
import type { Clock } from "../clock.ts";
import type { Upstream } from "./upstream.ts";

export function createLazyUpstream({ clock }: { clock: Clock }): Upstream {
  let loaded: Promise<Upstream> | undefined;
  const load = () => {
    loaded ??= import("./upstream.ts")
      .then(({ createUpstream }) => createUpstream({ clock }))
      .catch((error: unknown) => {
        loaded = undefined;
        throw error;
      });
    return loaded;
  };
  return {
    toAuthorizationUrl: async (...args) => (await load()).toAuthorizationUrl(...args),
    redeem: async (...args) => (await load()).redeem(...args),
    refresh: async (...args) => (await load()).refresh(...args),
    revoke: async (...args) => (await load()).revoke(...args),
  };
}
