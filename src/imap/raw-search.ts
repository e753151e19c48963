/**
 * UID SEARCH, UID SORT and UID THREAD (RFC 5256) with keys of our own making. imapflow has no SORT and no THREAD, its
 * search joins no two keys of a kind and shifts BEFORE by a day; its connection, parser and quoting are what we use.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";

/** A search key or its argument: an atom, a string, a sequence set, or a bracketed list. */
export type SearchToken =
  | { type: "ATOM" | "STRING" | "SEQUENCE"; value: string }
  | { type: "LITERAL"; value: Buffer }
  | readonly SearchToken[];

type Token = { value?: unknown } | readonly unknown[] | null;
type Untagged = { numbers?: readonly number[]; attributes?: readonly Token[] };

type Handlers = Record<string, (untagged: Untagged) => Promise<void>>;

/** What imapflow has and its types leave out: run a command, hand each untagged answer over. */
type RawConnection = {
  exec(
    command: string,
    attributes: readonly unknown[],
    options: { untagged: Handlers },
  ): Promise<{ next(): void }>;
};

function canExecute(imap: object): imap is RawConnection {
  return "exec" in imap && typeof imap.exec === "function";
}

export const atom = (value: string): SearchToken => ({ type: "ATOM", value });

/** A quoted string takes 7-bit letters only (RFC 3501 section 9); anything else goes as a literal. */
export const string = (value: string): SearchToken =>
  /^[\x20-\x7e]*$/.test(value)
    ? { type: "STRING", value }
    : { type: "LITERAL", value: Buffer.from(value, "utf8") };

const hasLiteral = (tokens: readonly SearchToken[]): boolean =>
  tokens.some((token) => ("type" in token ? token.type === "LITERAL" : hasLiteral(token)));

const hasGmail = (tokens: readonly SearchToken[]): boolean =>
  tokens.some((token) => ("type" in token ? String(token.value).startsWith("X-GM-") : hasGmail(token)));

/**
 * UIDs that match, in ascending order; as ranges where the server can (ESEARCH, RFC 4731), which is a fraction of the
 * octets. Throws imapflow's error when the server refuses.
 */
export async function uidSearch(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  // Whether Gmail returns ranges for its own keys is nowhere said.
  const ranges = imap.capabilities.has("ESEARCH") && !hasGmail(keys) ? [atom("RETURN"), [atom("ALL")]] : [];
  // After UTF8=ACCEPT strings are UTF-8 anyway, and CHARSET is an error (RFC 6855 section 3).
  const charset =
    hasLiteral(keys) && !imap.enabled.has("UTF8=ACCEPT") ? [atom("CHARSET"), atom("UTF-8")] : [];
  const found = await numbersOf(imap, "SEARCH", [...ranges, ...charset, ...keys]);
  return [...new Set(found)].sort((a, b) => a - b);
}

/** UIDs that match, newest arrival first; of those that arrived in the same second, the higher UID first. */
export async function uidSort(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  const found = await numbersOf(imap, "SORT", [[atom("ARRIVAL")], atom("UTF-8"), ...keys]);
  return [...new Set(found)].reverse();
}

/**
 * UIDs that match, those of one conversation together as the server sees it: by their references, with REFERENCES also
 * by their subject (RFC 5256 section 3; REFS is draft-ietf-morg-inthread's). Throws imapflow's error when the server
 * refuses, mail_server_failed when its answer is none.
 */
export async function uidThread(
  imap: ImapFlow,
  algorithm: "REFS" | "REFERENCES",
  keys: readonly SearchToken[],
): Promise<number[][]> {
  const threads: Token[] = [];
  // An answer that nothing was found is one, too; one that imapflow cannot parse it leaves out.
  let answered = false;
  await execute(imap, "THREAD", [atom(algorithm), atom("UTF-8"), ...keys], {
    async THREAD({ attributes }) {
      answered = true;
      threads.push(...(attributes ?? []));
    },
  });
  if (!answered) notUnderstood();
  return threads.map((thread) => [...new Set(Array.isArray(thread) ? uidsWithin(thread) : notUnderstood())]);
}

/** `(3 6 (4 23)(44 7 96))`: who answered whom does not matter here. */
function uidsWithin(thread: readonly unknown[]): number[] {
  return thread.flatMap((token) => {
    if (Array.isArray(token)) return uidsWithin(token);
    const uid = typeof token === "object" && token && "value" in token ? Number(token.value) : Number.NaN;
    return Number.isSafeInteger(uid) && uid > 0 ? [uid] : notUnderstood();
  });
}

function notUnderstood(): never {
  throw new AppError("mail_server_failed", "The mail server's answer to a search is not understood.");
}

/** For what a server may offer and not be able to do: its NO, its BAD, and what makes no sense become undefined. */
export function ifRefused(error: unknown): undefined {
  const refused = error instanceof Error && "responseStatus" in error;
  if (!refused && !(error instanceof AppError && error.code === "mail_server_failed")) throw error;
}

async function execute(
  imap: ImapFlow,
  command: string,
  tokens: readonly SearchToken[],
  untagged: Handlers,
): Promise<void> {
  if (!canExecute(imap)) throw new Error("imapflow no longer has exec");
  const response = await imap.exec(`UID ${command}`, tokens, { untagged }).catch((error: unknown) => {
    throw withCode(error);
  });
  response.next();
}

/** A refusal with its code (RFC 3501 section 7.1), which imapflow names only where the command was its own. */
function withCode(error: unknown): unknown {
  if (!(error instanceof Error) || !("response" in error)) return error;
  const { attributes } = error.response as { attributes?: readonly { section?: readonly Token[] }[] };
  const [code] = attributes?.[0]?.section ?? [];
  return code && "value" in code ? Object.assign(error, { serverResponseCode: String(code.value) }) : error;
}

async function numbersOf(imap: ImapFlow, command: string, tokens: readonly SearchToken[]): Promise<number[]> {
  const found: number[] = [];
  // Judged afterwards: what is thrown while imapflow hands an answer over, it logs and forgets.
  const ranges: string[] = [];
  const take = (value: number) => {
    if (Number.isSafeInteger(value) && value > 0) found.push(value);
  };
  await execute(imap, command, tokens, {
    async [command]({ numbers, attributes }) {
      const values =
        numbers ?? (attributes ?? []).map((token) => (token && "value" in token ? Number(token.value) : 0));
      for (const value of values) take(value);
    },
    // Also the answer to a plain SEARCH, where IMAP4rev2 is spoken (RFC 9051 section 7.3.4).
    async ESEARCH({ attributes }) {
      ranges.push(rangesOf(attributes ?? []));
    },
  });
  for (const uid of ranges.flatMap(toNumbers)) take(uid);
  return found;
}

/** `(TAG "A1") UID ALL 2:4,9`: what follows ALL (RFC 4731 section 3.1); empty when nothing matched. */
function rangesOf(attributes: readonly Token[]): string {
  const texts = attributes.map((token) => (token && "value" in token ? String(token.value) : ""));
  const at = texts.findIndex((text) => text.toUpperCase() === "ALL");
  return at < 0 ? "" : (texts[at + 1] ?? "");
}

/** More than any mailbox holds; a range is a few octets of a server's that could ask for any amount of memory. */
const maxNumbers = 2_000_000;

/** `2:4,9` as 2, 3, 4, 9. Throws mail_server_failed for what is no sequence set, or one of impossible size. */
function toNumbers(set: string): number[] {
  const ranges = (set === "" ? [] : set.split(",")).map((range) => {
    const [, first, last = first] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(range) ?? [];
    return { low: Math.min(Number(first), Number(last)), high: Math.max(Number(first), Number(last)) };
  });
  const size = ranges.reduce((sum, { low, high }) => sum + high - low + 1, 0);
  // NaN, too, is not at most that.
  if (!(size <= maxNumbers))
    throw new AppError("mail_server_failed", "The mail server's answer to a search is not understood.");
  return ranges.flatMap(({ low, high }) => Array.from({ length: high - low + 1 }, (_, at) => low + at));
}
