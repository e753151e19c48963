/** Responses of the authorization endpoint: a page, or a redirect to the client. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Progress } from "../accounts/account-connector.ts";
import type { AppEnv } from "../http/guard.ts";
import { pageHeaders } from "../pages/headers.ts";
import { type Language, toLanguage } from "../pages/text/language.ts";

export type PageResponse =
  | { html: string; status: ContentfulStatusCode; retryAfterSeconds?: number | undefined }
  | { location: string };

/** The media type that the page's script asks for: one JSON value per line, each login step and then the response. */
const progressType = "application/x-ndjson";

export function languageOf(c: Context<AppEnv>): Language {
  return toLanguage(c.req.header("Accept-Language"));
}

export function wantsProgress(c: Context<AppEnv>): boolean {
  return c.req.header("Accept") === progressType;
}

export function respond(c: Context<AppEnv>, response: PageResponse): Response {
  if ("location" in response) {
    c.header("Cache-Control", "no-store");
    return c.redirect(response.location, 303);
  }
  if (response.retryAfterSeconds !== undefined) c.header("Retry-After", String(response.retryAfterSeconds));
  return c.body(response.html, response.status, pageHeaders);
}

/**
 * Streams the login steps while `work` runs, and then its response: `{step}` lines, and `{location}` or `{html}` as
 * the last. `work` does not reject.
 */
export function respondWithProgress(
  c: Context<AppEnv>,
  work: (progress: Progress) => Promise<PageResponse>,
): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  // A browser that has left makes the write fail; the login itself ends by the request's own signal.
  const write = (line: unknown) =>
    writer.write(encoder.encode(`${JSON.stringify(line)}\n`)).catch(() => undefined);
  const run = async () => {
    const response = await work((step) => void write({ step }));
    await write("location" in response ? { location: response.location } : { html: response.html });
    await writer.close().catch(() => undefined);
  };
  void run();
  return c.body(readable, 200, {
    "Content-Type": progressType,
    "Cache-Control": "no-store",
    // Keeps nginx from buffering the steps until the end.
    "X-Accel-Buffering": "no",
  });
}
