/**
 * What a mailbox holds now, on a connection that has had it selected for a while, without a round trip for asking.
 *
 * A server need not say what has arrived before the next NOOP. Dovecot looks at the end of every command, and then
 * says so in that command's own answer: EXISTS, FETCH for changed flags, and, in the answers to UID commands, EXPUNGE
 * (RFC 9051 sections 5.2 and 7.5.1). So there the work is done first, and done again in the rare case that its answer
 * told of a change.
 */
import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { requireSelected } from "./select.ts";

/** Names that servers give in ID (RFC 2971), lower case; only those this was tried with. */
const attentiveServers = new Set(["dovecot"]);

export function isAttentive(imap: ImapFlow): boolean {
  const { name } = imap.serverInfo ?? {};
  return typeof name === "string" && attentiveServers.has(name.trim().toLowerCase());
}

/** Does `work` and says what its answer told besides: nothing, that emails have arrived, or that some have changed. */
export async function withNews<T>(
  imap: ImapFlow,
  work: () => Promise<T>,
): Promise<{ answer: T; news: "none" | "arrivals" | "changes" }> {
  const { exists } = requireSelected(imap);
  let changed = false;
  const onChange = () => {
    changed = true;
  };
  imap.on("flags", onChange);
  imap.on("expunge", onChange);
  try {
    const answer = await work();
    const arrived = requireSelected(imap).exists !== exists;
    return { answer, news: changed ? "changes" : arrived ? "arrivals" : "none" };
  } finally {
    imap.off("flags", onChange);
    imap.off("expunge", onChange);
  }
}

/**
 * `work` reads the selected mailbox by UID commands only, and first by one without a sequence set in a search: to that
 * Dovecot tells no EXPUNGE. It may run twice.
 */
export async function readFresh<T>(imap: ImapFlow, work: () => Promise<T>): Promise<T> {
  if (!isAttentive(imap)) {
    await imap.noop();
    return work();
  }
  const { answer, news } = await withNews(imap, work);
  return news === "none" ? answer : work();
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
  const fetchOnce = () => imap.fetchOne(String(uid), query, { uid: true });
  const known = await fetchOnce();
  if (known) return known;
  await imap.noop();
  const arrived = await fetchOnce();
  if (arrived) return arrived;
  throw new AppError("email_not_found", "There is no email with this id any more.");
}
