/**
 * SEARCH tokens, and UID SEARCH, UID SORT and UID THREAD (RFC 5256) with them. imapflow has no SORT and no THREAD, and
 * its search cannot combine two keys of one kind and shifts BEFORE by a day. Its connection and parser are used.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { hasHiddenEmails, isHiddenUid } from "./private-mailboxes.ts";

/** A search key or its argument: an atom, a string, a sequence set, a literal, or a bracketed list. */
export type SearchToken =
  | { type: "ATOM" | "STRING" | "SEQUENCE"; value: string }
  | { type: "LITERAL"; value: Buffer }
  | readonly SearchToken[];

type ResponseToken = { value?: unknown } | readonly unknown[] | null;
type UntaggedResponse = { numbers?: readonly number[]; attributes?: readonly ResponseToken[] };

export type UntaggedHandlers = Record<string, (untagged: UntaggedResponse) => Promise<void>>;

/** imapflow's method, missing from its types, that runs a command and passes untagged responses to handlers. */
type RawConnection = {
  exec(
    command: string,
    attributes: readonly unknown[],
    options: { untagged: UntaggedHandlers },
  ): Promise<{ next(): void }>;
};

/** True for a client with imapflow's `exec`. */
export function canExecute(imap: object): imap is RawConnection {
  return "exec" in imap && typeof imap.exec === "function";
}

export const atom = (value: string): SearchToken => ({ type: "ATOM", value });

/** A quoted string holds 7-bit characters only (RFC 3501 section 9); anything else becomes a literal. */
export const searchString = (value: string): SearchToken =>
  /^[\x20-\x7e]*$/.test(value)
    ? { type: "STRING", value }
    : { type: "LITERAL", value: Buffer.from(value, "utf8") };

/** True when a token is a literal, which needs CHARSET. */
export const containsLiteral = (tokens: readonly SearchToken[]): boolean =>
  tokens.some((token) => ("type" in token ? token.type === "LITERAL" : containsLiteral(token)));

/** Returns the matching UIDs, newest arrival first; of the same second, the higher UID first. */
export async function uidSort(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  const { uids } = await collectUids(imap, "SORT", [[atom("ARRIVAL")], atom("UTF-8"), ...keys]);
  return [...new Set(uids)].reverse();
}

/**
 * Returns the matching UIDs grouped by thread: by their references, with REFERENCES also by their subject (RFC 5256
 * section 3; REFS is defined in draft-ietf-morg-inthread). Throws imapflow's error when the server refuses,
 * mail_server_failed for an answer that is not understood.
 */
export async function uidThread(
  imap: ImapFlow,
  algorithm: "REFS" | "REFERENCES",
  keys: readonly SearchToken[],
): Promise<number[][]> {
  const threads: ResponseToken[] = [];
  // An empty answer is an answer; one that imapflow cannot parse is dropped.
  let answered = false;
  await runUidCommand(imap, "THREAD", [atom(algorithm), atom("UTF-8"), ...keys], {
    async THREAD({ attributes }) {
      answered = true;
      threads.push(...(attributes ?? []));
    },
  });
  if (!answered) rejectAnswer();
  return threads.map((thread) => {
    const uids = Array.isArray(thread) ? uidsWithin(thread) : rejectAnswer();
    return [...new Set(uids)].filter((uid) => !isHiddenUid(imap, uid));
  });
}

/** Flattens a thread such as `(3 6 (4 23)(44 7 96))`. */
function uidsWithin(thread: readonly unknown[]): number[] {
  return thread.flatMap((token) => {
    if (Array.isArray(token)) return uidsWithin(token);
    const uid = typeof token === "object" && token && "value" in token ? Number(token.value) : Number.NaN;
    return Number.isSafeInteger(uid) && uid > 0 ? [uid] : rejectAnswer();
  });
}

function rejectAnswer(): never {
  throw new AppError("mail_server_failed", "The mail server's answer to a search is not understood.");
}

/** Catches a NO, a BAD or a senseless answer to a command that a server may offer and not be able to do. */
export function ignoreRefusal(error: unknown): undefined {
  const refused = error instanceof Error && "responseStatus" in error && !("throttleReset" in error);
  if (!refused && !(error instanceof AppError && error.code === "mail_server_failed")) throw error;
}

async function runUidCommand(
  imap: ImapFlow,
  command: string,
  tokens: readonly SearchToken[],
  untagged: UntaggedHandlers,
): Promise<void> {
  if (!canExecute(imap)) throw new Error("imapflow no longer has exec");
  const response = await imap.exec(`UID ${command}`, tokens, { untagged });
  response.next();
}

/**
 * Runs UID SEARCH or UID SORT and collects the UIDs of its answer, as numbers or as ranges. `isCertain` is false when the
 * answer has neither UIDs nor a count of zero. Throws imapflow's error when the server refuses, mail_server_failed for
 * ranges that are not understood.
 */
export async function collectUids(
  imap: ImapFlow,
  command: "SEARCH" | "SORT",
  tokens: readonly SearchToken[],
): Promise<{ uids: number[]; isCertain: boolean }> {
  const found: number[] = [];
  // Parsed afterwards, because imapflow discards what a handler throws.
  const ranges: string[] = [];
  let isNone = false;
  const take = (value: number) => {
    if (Number.isSafeInteger(value) && value > 0) found.push(value);
  };
  await runUidCommand(imap, command, tokens, {
    async [command]({ numbers, attributes }) {
      const values =
        numbers ?? (attributes ?? []).map((token) => (token && "value" in token ? Number(token.value) : 0));
      for (const value of values) take(value);
    },
    // In IMAP4rev2 this is also the answer to a plain SEARCH (RFC 9051 section 7.3.4).
    async ESEARCH({ attributes }) {
      ranges.push(findResult(attributes ?? [], "ALL"));
      isNone = findResult(attributes ?? [], "COUNT") === "0";
    },
  });
  for (const uid of ranges.flatMap(expandSequenceSet)) take(uid);
  const isCertain = isNone || found.length > 0;
  return { uids: hasHiddenEmails(imap) ? found.filter((uid) => !isHiddenUid(imap, uid)) : found, isCertain };
}

/** Returns what follows a name in `(TAG "A1") UID COUNT 4 ALL 2:4,9` (RFC 4731 section 3.1); empty without the name. */
function findResult(attributes: readonly ResponseToken[], name: "ALL" | "COUNT"): string {
  const texts = attributes.map((token) => (token && "value" in token ? String(token.value) : ""));
  const at = texts.findIndex((text) => text.toUpperCase() === name);
  return at < 0 ? "" : (texts[at + 1] ?? "");
}

/** More than any mailbox holds; a range of a few octets could otherwise demand any amount of memory. */
const maxUids = 2_000_000;

/** Expands `2:4,9` to 2, 3, 4, 9. Throws mail_server_failed for an invalid or impossibly large set. */
export function expandSequenceSet(set: string): number[] {
  const ranges = (set === "" ? [] : set.split(",")).map((range) => {
    const [, first, last = first] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(range) ?? [];
    return { low: Math.min(Number(first), Number(last)), high: Math.max(Number(first), Number(last)) };
  });
  const size = ranges.reduce((sum, { low, high }) => sum + high - low + 1, 0);
  // Negated, so that NaN is rejected.
  if (!(size <= maxUids)) rejectAnswer();
  return ranges.flatMap(({ low, high }) => Array.from({ length: high - low + 1 }, (_, at) => low + at));
}
