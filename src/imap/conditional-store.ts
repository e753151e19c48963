/**
 * Reading flags and changing them in one flight: STORE with UNCHANGEDSINCE (RFC 7162 section 3.1.3) changes an email only
 * if it is as the connection knows it, so that the flags from before are certain although FETCH was not answered yet.
 */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { isRefusal } from "./failures.ts";
import { fetchByUid } from "./fetch.ts";
import { sendInOrder } from "./flights.ts";
import { maySendAhead } from "./pipeline.ts";
import { canExecute, expandSequenceSet } from "./raw-search.ts";
import { requireSelected } from "./select.ts";
import { knownFacts } from "./server-memory.ts";
import { toUidSet } from "./uid-set.ts";

/**
 * The number of the last change of the selected mailbox that the connection knows (HIGHESTMODSEQ). Undefined where flags
 * cannot be changed conditionally and in a flight.
 */
export function lastKnownChange(imap: ImapFlow): bigint | undefined {
  const { noModseq, highestModseq } = requireSelected(imap);
  const isOffered =
    imap.enabled.has("CONDSTORE") && !noModseq && !knownFacts(imap).has("refuses_unchangedsince");
  return isOffered && maySendAhead(imap) ? highestModseq : undefined;
}

/** One flag to set or to remove. */
export type OneFlag = { flag: string; isSet: boolean };

/**
 * The emails that a conditional STORE changed where they had to be, with their flags from before it, or from after it
 * where a server executed it first. Emails that have changed since are in neither list, and left as they are.
 */
type ConditionalStore = { before: FetchMessageObject[]; after: FetchMessageObject[] };

/**
 * Changes one flag of the emails of the selected mailbox that have not changed since `since`, in one round trip. The
 * caller has compared UIDVALIDITY. Undefined when the server refuses it; what it did then shows in MODSEQ. Throws
 * imapflow's error for a lost connection.
 */
export async function storeUnchanged(
  imap: ImapFlow,
  uids: readonly number[],
  change: OneFlag,
  since: bigint,
): Promise<ConditionalStore | undefined> {
  const set = toUidSet(uids);
  let hasExpunged = false;
  const onExpunge = () => {
    hasExpunged = true;
  };
  imap.on("expunge", onExpunge);
  const [read, stored] = await sendInOrder(
    imap,
    (view) => fetchByUid(view, set, { uid: true, flags: true }),
    () => executeStore(imap, set, change, since),
    { stores: true },
  ).finally(() => imap.off("expunge", onExpunge));
  for (const outcome of [read, stored])
    if (outcome.status === "rejected" && (!imap.usable || !isRefusal(outcome.reason))) throw outcome.reason;
  if (stored.status === "rejected") knownFacts(imap).remember("refuses_unchangedsince");
  if (read.status === "rejected" || stored.status === "rejected") return undefined;
  const modified = new Set(stored.value);
  // Dovecot still tells the flags of an email that another connection removed just now.
  const there = hasExpunged ? (await fetchByUid(imap, set, { uid: true })).map(({ uid }) => uid) : uids;
  const stores = new Set(there.filter((uid) => !modified.has(uid)));
  // The first response about an email: unsolicited ones may follow (RFC 9051 section 7.5.2).
  const emails = read.value.filter(({ uid }) => stores.delete(uid));
  const { before = [], after = [] } = Object.groupBy(emails, ({ modseq = 0n }) =>
    modseq <= since ? "before" : "after",
  );
  return { before, after };
}

/** Sends STORE. Returns the UIDs of the response code MODIFIED. */
async function executeStore(
  imap: ImapFlow,
  set: string,
  { flag, isSet }: OneFlag,
  since: bigint,
): Promise<number[]> {
  if (!canExecute(imap)) throw new Error("imapflow no longer has exec");
  const atom = (value: string) => ({ type: "ATOM", value });
  const condition = [atom("UNCHANGEDSINCE"), atom(String(since))];
  const item = atom(isSet ? "+FLAGS.SILENT" : "-FLAGS.SILENT");
  const attributes = [{ type: "SEQUENCE", value: set }, condition, item, [atom(flag)]];
  const answer = await imap.exec("UID STORE", attributes, { untagged: {} });
  answer.next();
  return modifiedUids(answer);
}

/** Reads `[MODIFIED 7,9]`. */
function modifiedUids(answer: object): number[] {
  const response: unknown = Reflect.get(answer, "response");
  const [text]: unknown[] = partsOfResponse(response);
  const section: unknown = typeof text === "object" && text && "section" in text ? text.section : undefined;
  const [code, set] = (Array.isArray(section) ? section : []).map((token: { value?: unknown } | null) =>
    String(token?.value ?? ""),
  );
  return code?.toUpperCase() === "MODIFIED" ? expandSequenceSet(set ?? "") : [];
}

function partsOfResponse(response: unknown): unknown[] {
  const attributes: unknown =
    typeof response === "object" && response && "attributes" in response ? response.attributes : undefined;
  return Array.isArray(attributes) ? attributes : [];
}
