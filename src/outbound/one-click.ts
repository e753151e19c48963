/** The one-click request by which people leave mailing lists (RFC 8058 section 3.2). */
import { withDeadline } from "../abort.ts";
import { AppError } from "../errors.ts";
import type { Outbound } from "./outbound.ts";

const defaultPostMs = 10_000;

export function createOneClick(deps: { outbound: Pick<Outbound, "postForm">; postMs?: number }) {
  const { outbound, postMs = defaultPostMs } = deps;
  return {
    /** Sends the request; false when the server refuses it, redirects, or cannot be reached. Throws on abort. */
    async post(url: string, signal: AbortSignal): Promise<boolean> {
      const limited = withDeadline(signal, postMs);
      try {
        const status = await outbound.postForm(url, "List-Unsubscribe=One-Click", { signal: limited });
        return status >= 200 && status < 300;
      } catch (error) {
        if (signal.aborted || !(error instanceof AppError || limited.aborted)) throw error;
        return false;
      }
    },
  };
}
