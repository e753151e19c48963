/** Doing here what another replica has done: it ended a grant, a session or a call, or changed the tools of a grant. */
import type { Signal } from "../db/database.ts";
import type { Calls } from "./calls.ts";
import type { Sessions } from "./sessions.ts";
import type { Streams } from "./streams.ts";

export function applySignal(
  { topic, subject }: Signal,
  here: { closeGrant(grantId: string): void; sessions: Sessions; streams: Streams; calls: Calls },
): void {
  const { closeGrant, sessions, streams, calls } = here;
  switch (topic) {
    case "grant_ended":
      closeGrant(subject);
      break;
    case "session_closed":
      sessions.forget(subject);
      streams.closeSession(subject);
      break;
    case "call_cancelled":
      calls.cancel(subject);
      break;
    case "tools_changed":
      streams.notifyToolsChanged(subject);
      break;
  }
}
