/**
 * The cookies by which a browser is known to grants: one per grant, `__Host-connection-<grant id>`, on a loopback server
 * `connection-<grant id>`.
 */
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import { isLoopbackUrl } from "../http/loopback.ts";
import { type ConnectionSecrets, connectionCookieSeconds } from "./connection-secrets.ts";

const secretSyntax = /^[0-9a-f]{64}$/;

/** Cookies of one browser; a Cookie header of more would be refused by some proxies. */
const maxCookies = 20;

export type ConnectionCookies = ReturnType<typeof createConnectionCookies>;

export function createConnectionCookies(deps: {
  config: Pick<Config, "publicUrl">;
  connectionSecrets: ConnectionSecrets;
}) {
  const { config, connectionSecrets } = deps;
  const loopback = isLoopbackUrl(config.publicUrl);
  const prefix = loopback ? "connection-" : "__Host-connection-";
  const nameOf = (grantId: string) => `${prefix}${grantId}`;

  function listSecrets(c: Context): { grantId: string; secret: string }[] {
    return Object.entries(getCookie(c))
      .filter(([name, secret]) => name.startsWith(prefix) && secretSyntax.test(secret))
      .map(([name, secret]) => ({ grantId: name.slice(prefix.length), secret }));
  }

  const clear = (c: Context, grantId: string) =>
    deleteCookie(c, nameOf(grantId), { path: "/", secure: !loopback, httpOnly: true, sameSite: "Lax" });

  return {
    clear,

    /** True for a server at which a cookie alone never decides: cookies are not separated by port. */
    isLoopback: loopback,

    /** Sets the cookie of a grant with a new secret. */
    async set(c: Context, grant: { grantId: string; dataKey: Uint8Array }): Promise<void> {
      const others = listSecrets(c).filter(({ grantId }) => grantId !== grant.grantId);
      for (const { grantId } of others.slice(0, Math.max(0, others.length - maxCookies + 1)))
        clear(c, grantId);
      setCookie(c, nameOf(grant.grantId), await connectionSecrets.issue(grant), {
        path: "/",
        secure: !loopback,
        httpOnly: true,
        sameSite: "Lax",
        maxAge: connectionCookieSeconds,
      });
    },

    /** Finds the grant that this browser is known to. `isForeign`: it sent a cookie of the grant that does not fit. */
    async open(c: Context, grantId: string): Promise<{ grant: LiveGrant | undefined; isForeign: boolean }> {
      const secret = getCookie(c, nameOf(grantId));
      if (secret === undefined) return { grant: undefined, isForeign: false };
      const grant = secretSyntax.test(secret) ? await connectionSecrets.open(grantId, secret) : undefined;
      return { grant, isForeign: grant === undefined };
    },

    /** Lists the grants that this browser is known to. */
    async list(c: Context): Promise<LiveGrant[]> {
      const secrets = listSecrets(c).slice(0, maxCookies);
      const grants = await Promise.all(
        secrets.map(({ grantId, secret }) => connectionSecrets.open(grantId, secret)),
      );
      return grants.flatMap((grant) => grant ?? []);
    },
  };
}
