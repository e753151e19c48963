/** Parameters as RFC 6749 3.1 and 3.2 want them read: at most once each, and an empty one is none. */
import type { Context } from "hono";
import { OAuthError, type ProvenRedirect } from "./oauth-error.ts";

export type Fields = {
  /** The value; undefined when absent or empty. Throws OAuthError invalid_request when it is there twice. */
  get(name: string): string | undefined;
  /** All values, for a parameter that may be there more than once (RFC 8707 2). */
  all(name: string): string[];
};

/** `redirect`: where a complaint may go, once that is proven. */
export function toFields(parameters: URLSearchParams, redirect?: ProvenRedirect): Fields {
  return {
    get(name) {
      const [value, ...more] = parameters.getAll(name);
      if (more.length > 0)
        throw new OAuthError(
          "invalid_request",
          `${name} is there more than once.`,
          redirect === undefined ? {} : { redirect },
        );
      return value === "" ? undefined : value;
    },
    all: (name) => parameters.getAll(name).filter((value) => value !== ""),
  };
}

/** The body of a POST. Throws OAuthError invalid_request when it is no form (`; charset=…` is fine). */
export async function readFields(c: Context): Promise<Fields> {
  if (!isForm(c)) throw new OAuthError("invalid_request", "Send application/x-www-form-urlencoded.");
  return toFields(new URLSearchParams(await c.req.text()));
}

/** Whether the body is declared as a form. */
export function isForm(c: Context): boolean {
  const [type = ""] = (c.req.header("Content-Type") ?? "").split(";");
  return type.trim().toLowerCase() === "application/x-www-form-urlencoded";
}

/** The query as it came, with its "?"; "" without one. A Host header that makes no URL does not matter here. */
export function searchOf(c: Context): string {
  const [url = ""] = c.req.url.split("#");
  const start = url.indexOf("?");
  return start < 0 || start === url.length - 1 ? "" : url.slice(start);
}
