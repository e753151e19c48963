/** Error responses: an expected failure is explained; any other error is logged as a bug and not shown. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { type Log, toErrorFields } from "../log.ts";
import { toStorageError } from "../storage-error.ts";
import type { AppEnv } from "./guard.ts";

/** A failure as a page shows it to a person. */
type ShownFailure = {
  notice: "rate_limited" | "failed";
  status: ContentfulStatusCode;
  retryAfterSeconds?: number | undefined;
};

/** A browser gets the page of `showPage`, a program JSON. */
export function createOnError(deps: { log: Log; showPage: (c: Context, failure: ShownFailure) => Response }) {
  const { log, showPage } = deps;
  return function onError(thrown: Error, c: Context<AppEnv>): Response {
    const error = toStorageError(thrown);
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof AppError) {
      if (error.retryAfterSeconds !== undefined) c.header("Retry-After", String(error.retryAfterSeconds));
      const status = error.status as ContentfulStatusCode;
      const notice = error.code === "rate_limited" ? "rate_limited" : "failed";
      if (wantsPage(c)) return showPage(c, { notice, status, retryAfterSeconds: error.retryAfterSeconds });
      return c.json({ error: error.code, message: error.message, hint: error.hint }, status);
    }
    log.error("bug", { requestId: c.var.requestId, method: c.req.method, error: toErrorFields(error) });
    if (wantsPage(c)) return showPage(c, { notice: "failed", status: 500 });
    const body = { error: "internal_error", message: `Something went wrong here (${c.var.requestId}).` };
    return c.json(body, 500);
  };
}

/** Tells whether a browser asks for a page. Programs accept JSON or anything, and no program names text/html. */
function wantsPage(c: Context): boolean {
  return /\btext\/html\b/i.test(c.req.header("Accept") ?? "");
}

/**
 * Answers unknown paths: a browser gets the page of `showPage`, a program JSON that names the connector's URL, for people
 * who typed it incompletely.
 */
export function createNotFound(deps: {
  config: Pick<Config, "publicUrl">;
  showPage: (c: Context) => Response;
}) {
  const { config, showPage } = deps;
  const body = {
    error: "not_found",
    message: `There is nothing here. The connector is at ${config.publicUrl}/mcp.`,
  };
  return function notFound(c: Context): Response {
    c.header("Vary", "Accept");
    return wantsPage(c) ? showPage(c) : c.json(body, 404);
  };
}

/** Answers a known path with an unsupported method (RFC 9110 section 15.5.6): 405 with the Allow header. */
export function refuseMethod(c: Context, methods: readonly string[]): Response {
  c.header("Allow", methods.join(", "));
  if (c.req.method === "OPTIONS") {
    // The Content-Type of the 404 that this response replaces would remain otherwise.
    c.header("Content-Type");
    return c.body(null, 204);
  }
  return c.json({ error: "method_not_allowed", message: `Use ${methods.join(" or ")} here.` }, 405);
}
