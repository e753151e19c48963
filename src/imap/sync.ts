/**
 * Reads the current state of a mailbox that a connection selected a while ago, without a round trip for NOOP where the
 * server allows it.
 *
 * A server need not report changes before the next NOOP. Dovecot synchronizes at the end of every command and reports
 * in that command's response: EXISTS, FETCH for changed flags, and, for UID commands, EXPUNGE (RFC 9051 sections 5.2
 * and 7.5.1). There the work is done first, and repeated in the rare case that its response reported a change.
 */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { fetchOneByUid } from "./fetch.ts";
import { requireSelected, takeCurrent } from "./select.ts";

/** Server names from ID (RFC 2971), in lower case; only servers that were tested. */
const inlineServers = new Set(["dovecot"]);

/** True for servers that report changes in the response to every command. */
export function reportsChangesInline(imap: ImapFlow): boolean {
  const { name } = imap.serverInfo ?? {};
  return typeof name === "string" && inlineServers.has(name.trim().toLowerCase());
}

/** Does `work` and returns, beside its result, what the server reported meanwhile; "changes" includes arrivals. */
export async function detectChanges<T>(
  imap: ImapFlow,
  work: () => Promise<T>,
): Promise<{ result: T; reported: "nothing" | "arrivals" | "changes" }> {
  const { exists } = requireSelected(imap);
  let changed = false;
  const onChange = () => {
    changed = true;
  };
  imap.on("flags", onChange);
  imap.on("expunge", onChange);
  try {
    const result = await work();
    const hasArrivals = requireSelected(imap).exists !== exists;
    return { result, reported: changed ? "changes" : hasArrivals ? "arrivals" : "nothing" };
  } finally {
    imap.off("flags", onChange);
    imap.off("expunge", onChange);
  }
}

/**
 * Does `work` on the current state of the selected mailbox; it may run twice. `work` must use UID commands only, and
 * its first command must not be a search within UIDs, in whose response Dovecot reports no EXPUNGE.
 */
export async function readFresh<T>(imap: ImapFlow, work: () => Promise<T>): Promise<T> {
  if (takeCurrent(imap)) return work();
  if (!reportsChangesInline(imap)) {
    await imap.noop();
    return work();
  }
  const { result, reported } = await detectChanges(imap, work);
  return reported === "nothing" ? result : work();
}

/**
 * Fetches one email of the selected mailbox by its UID. A server need not report arrivals before the next NOOP
 * (RFC 3501 section 7), so an email it does not return is asked for again after one.
 * Throws email_not_found.
 */
export async function fetchOneFresh(
  imap: ImapFlow,
  uid: number,
  query: FetchQueryObject,
): Promise<FetchMessageObject> {
  const fetchOnce = () => fetchOneByUid(imap, uid, query);
  const known = await fetchOnce();
  if (known) return known;
  await imap.noop();
  const arrived = await fetchOnce();
  if (arrived) return arrived;
  throw new AppError("email_not_found", "There is no email with this id any more.");
}
