/**
 * The browser that a connect form belongs to: it must have opened the form, and the form must be ours.
 *
 * The cookie holds one random id; the form seals its hash. Web views inside apps lose cookies, so a form that comes back
 * without one passes: `Origin` and `Sec-Fetch-Site` have kept other sites out by then.
 *
 * A browser that opens its first two tabs at once sends no cookie with either and gets two ids, of which the second
 * replaces the first. Each new id is therefore kept under a name of its own, too, and a form of any of them is accepted.
 */
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Config } from "../config.ts";
import { hashSecret, newToken, sameSecret } from "../secrets.ts";
import { isLoopbackUrl } from "./loopback.ts";
import { createOwnOrigin } from "./own-origin.ts";

const idSyntax = /^[0-9a-f]{64}$/;

/** Ids of one browser that count, besides the one that later pages keep: tabs that were opened at once. */
const maxTabIds = 10;

export type BrowserBinding = ReturnType<typeof createBrowserBinding>;

export function createBrowserBinding({ config }: { config: Pick<Config, "publicUrl"> }) {
  const loopback = isLoopbackUrl(config.publicUrl);
  // The prefix wants Secure, which browsers do not store for http on a loopback host (RFC 6265bis section 4.1.3.2).
  const cookieName = loopback ? "browser" : "__Host-browser";
  const tabPrefix = `${cookieName}-`;
  const isOwnOrigin = createOwnOrigin(config);

  /** The ids that a browser sends, whatever they are worth. */
  function listIds(c: Context): string[] {
    const { [cookieName]: kept, ...others } = getCookie(c);
    const ofTabs = Object.entries(others).filter(([name]) => name.startsWith(tabPrefix));
    return [...(kept === undefined ? [] : [kept]), ...ofTabs.slice(0, maxTabIds).map(([, id]) => id)];
  }

  const isOneOf = (ids: readonly string[], browserHash: string) =>
    ids.some((id) => sameSecret(hashSecret(id), browserHash));

  return {
    /** Returns the hash of the browser's id; a browser without one gets it with the response. */
    identify(c: Context): string {
      const known = getCookie(c, cookieName);
      if (known !== undefined && idSyntax.test(known)) return hashSecret(known);
      const id = newToken();
      const attributes = { path: "/", secure: !loopback, httpOnly: true, sameSite: "Lax" } as const;
      setCookie(c, cookieName, id, attributes);
      setCookie(c, `${tabPrefix}${newToken(8)}`, id, attributes);
      return hashSecret(id);
    },

    /** Returns the hashes of all ids that the browser sends: of one that opened several first tabs at once, more than one. */
    listHashes: (c: Context): string[] => listIds(c).map(hashSecret),

    /** Tells whether this is the browser with the hash: it sends a cookie that matches. */
    isSame: (c: Context, browserHash: string): boolean => isOneOf(listIds(c), browserHash),

    /** Tells whether a form may come from this browser: a cookie matches the form's hash, or it sends none. */
    matches(c: Context, browserHash: string): boolean {
      const ids = listIds(c);
      return ids.length === 0 || isOneOf(ids, browserHash);
    },

    /**
     * Tells whether a page of another site sent this request (Fetch Metadata). Requests with neither header come from a
     * program. A browser that hides the Origin (`null`, by a Referrer-Policy or an extension) must say same-origin.
     */
    isForeign(c: Context): boolean {
      const origin = c.req.header("Origin");
      const site = c.req.header("Sec-Fetch-Site");
      if (site !== undefined && site !== "same-origin" && site !== "none") return true;
      if (origin === "null") return site !== "same-origin";
      return origin !== undefined && !isOwnOrigin(c, origin);
    },
  };
}
