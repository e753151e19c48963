/**
 * The same answer as a stream that says how far it is: one JSON value a line (application/x-ndjson), `{"step"}` while
 * logins run, and last `{"location"}` for a redirect or `{"html"}` for a page. Only the page's script asks for it.
 */
import type { Context } from "hono";
import { stream } from "hono/streaming";
import type { Progress } from "../accounts/connect.ts";
import type { Door } from "../http/guard.ts";

const progressType = "application/x-ndjson";

export function wantsProgress(c: Context<Door>): boolean {
  return c.req.header("Accept") === progressType;
}

/** Runs `work` and tells its steps; what it throws goes through `onError` as it would without a stream. */
export function tellProgress(
  c: Context<Door>,
  work: (progress: Progress) => Promise<Response>,
  onError: (error: Error, c: Context<Door>) => Response,
): Response {
  c.header("Content-Type", progressType);
  c.header("Cache-Control", "no-store");
  // A reverse proxy that collects the answer would tell all the steps at the end.
  c.header("X-Accel-Buffering", "no");
  return stream(c, async (out) => {
    const tell = (event: Record<string, string>) => out.write(`${JSON.stringify(event)}\n`);
    const answer = await work((step) => void tell({ step })).catch((error: unknown) =>
      onError(error instanceof Error ? error : new Error("thrown", { cause: error }), c),
    );
    const location = answer.headers.get("Location");
    await tell(location === null ? { html: await answer.text() } : { location });
  });
}
