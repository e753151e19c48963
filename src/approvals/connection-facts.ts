/** The facts on a connection's own page: what waits, and what Claude did in the last day. */
import type { LiveGrant } from "../grant.ts";
import type { ShownDeed, ShownWaiting } from "../pages/connection.tsx";
import type { Action } from "./action.ts";
import type { Approvals } from "./approvals.ts";

/** Times in milliseconds since the epoch. */
export type Operation = {
  id: string;
  createdAt: number;
  isUndone: boolean;
  moved: number;
  marked: number;
  erased: number;
};

export type Send = { createdAt: number; recipients: number; state: string };

export async function listWaiting(
  approvals: Pick<Approvals, "list">,
  grant: LiveGrant,
): Promise<ShownWaiting[]> {
  const all = await approvals.list(grant);
  return all
    .filter(({ state }) => state === "waiting" || state === "failed")
    .map(({ kind, url, expiresAt, action }) => ({
      kind,
      // The page is on this server, whatever its public URL is called here.
      path: new URL(url).pathname,
      expiresAt,
      subject: action && toSubject(action),
      count: action?.type === "erase" ? action.emails.length : undefined,
    }));
}

/** The subject of the email that waits, or of the newsletter whose list would be left. */
function toSubject(action: Action): string | undefined {
  if (action.type === "email") return action.preview.subject;
  return action.type === "one-click" ? action.email.subject : undefined;
}

/** The sends and changes of the last day, newest first. */
export function listDeeds(operations: readonly Operation[], sends: readonly Send[]): ShownDeed[] {
  const sent = sends.map(
    ({ createdAt, recipients, state }): ShownDeed => ({
      at: createdAt,
      deed: state === "sent" ? "sent" : "maybe_sent",
      count: recipients,
    }),
  );
  const changed = operations.flatMap(({ id, createdAt, isUndone, moved, marked, erased }): ShownDeed[] =>
    [
      ...(moved > 0 ? [{ at: createdAt, deed: "moved" as const, count: moved }] : []),
      ...(marked > 0 ? [{ at: createdAt, deed: "marked" as const, count: marked }] : []),
      ...(erased > 0 ? [{ at: createdAt, deed: "erased" as const, count: erased }] : []),
    ].map((deed) => (deed.deed === "erased" ? deed : { ...deed, undo: { operationId: id, isUndone } })),
  );
  return [...sent, ...changed].sort((a, b) => b.at - a.at);
}
