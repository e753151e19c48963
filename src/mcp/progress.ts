/** Progress notifications of a tool call, alike in all revisions of MCP. */
import type { ToolContext } from "../tools/context.ts";

type ProgressToken = string | number;
type ProgressNotification = {
  method: "notifications/progress";
  params: { progressToken: ProgressToken; progress: number; total?: number; message?: string };
};

/** Sends progress notifications to a caller that gave a progress token, and drops them for any other. */
export function toProgress(
  progressToken: ProgressToken | undefined,
  notify: (notification: ProgressNotification) => Promise<void>,
): ToolContext["progress"] {
  let reported = -1;
  return (done, total, message) => {
    // The value must increase with each notification (MCP 2025-11-25, Progress).
    if (progressToken === undefined || done <= reported) return;
    reported = done;
    const params = { progressToken, progress: done, total, message };
    notify({ method: "notifications/progress", params }).catch(() => {});
  };
}
