/** The check that a request comes from a page of this server. */
import type { Context } from "hono";
import type { Config } from "../config.ts";
import { isLoopbackUrl } from "./loopback.ts";

/** Creates the check of an `Origin` header. */
export function createOwnOrigin({ publicUrl }: Pick<Config, "publicUrl">) {
  const loopback = isLoopbackUrl(publicUrl);
  const ownOrigin = new URL(publicUrl).origin;
  /** The Host of a loopback server is checked before, so an origin with the same host is ours under another name. */
  return function isOwnOrigin(c: Context, origin: string): boolean {
    return origin === ownOrigin || (loopback && origin === `http://${c.req.header("Host")}`);
  };
}
