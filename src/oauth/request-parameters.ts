/**
 * Request parameters as RFC 6749 sections 3.1 and 3.2 define them: each occurs at most once, and an empty value
 * counts as absent.
 */
import type { Context } from "hono";
import { OAuthError, type ProvenRedirect } from "./oauth-error.ts";

export type RequestParameters = {
  /** Returns the value, or undefined when it is absent or empty. Throws OAuthError invalid_request when repeated. */
  get(name: string): string | undefined;
  /** Returns all values of a parameter that may be repeated (`resource`, RFC 8707 section 2). */
  all(name: string): string[];
};

/** Wraps decoded parameters. `redirect`: the proven redirect URI that receives errors, if there is one yet. */
export function toRequestParameters(query: URLSearchParams, redirect?: ProvenRedirect): RequestParameters {
  return {
    get(name) {
      const [value, ...more] = query.getAll(name);
      if (more.length > 0)
        throw new OAuthError("invalid_request", `${name} occurs more than once.`, { redirect });
      return value === "" ? undefined : value;
    },
    all: (name) => query.getAll(name).filter((value) => value !== ""),
  };
}

/** Reads the body of a POST. Throws OAuthError invalid_request when its media type is not a form's. */
export async function readBodyParameters(c: Context): Promise<RequestParameters> {
  if (!isFormEncoded(c)) throw new OAuthError("invalid_request", "Send application/x-www-form-urlencoded.");
  return toRequestParameters(new URLSearchParams(await c.req.text()));
}

/** Tells whether the body is declared as application/x-www-form-urlencoded; media type parameters are ignored. */
export function isFormEncoded(c: Context): boolean {
  const [type = ""] = (c.req.header("Content-Type") ?? "").split(";");
  return type.trim().toLowerCase() === "application/x-www-form-urlencoded";
}

/**
 * Returns the raw query with its "?", or "" without one. Cut from the text, because a malformed Host header makes
 * `new URL` throw.
 */
export function rawQueryOf(c: Context): string {
  const [url = ""] = c.req.url.split("#");
  const start = url.indexOf("?");
  return start < 0 || start === url.length - 1 ? "" : url.slice(start);
}
