/**
 * UID SEARCH and UID SORT (RFC 5256) with keys of our own making. imapflow's search has no SORT, joins no two keys of
 * a kind, and shifts BEFORE by a day; its connection, parser and quoting are what we use.
 */
import type { ImapFlow } from "imapflow";

/** A search key or its argument: an atom, a string, a sequence set, or a bracketed list. */
export type SearchToken =
  | { type: "ATOM" | "STRING" | "SEQUENCE"; value: string }
  | { type: "LITERAL"; value: Buffer }
  | readonly SearchToken[];

type Untagged = {
  numbers?: readonly number[];
  attributes?: readonly ({ value?: unknown } | readonly unknown[] | null)[];
};

/** What imapflow has and its types leave out: run a command, hand each untagged answer over. */
type RawConnection = {
  exec(
    command: string,
    attributes: readonly unknown[],
    options: { untagged: Record<string, (untagged: Untagged) => Promise<void>> },
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

/** UIDs that match, in ascending order. Throws imapflow's error when the server refuses. */
export async function uidSearch(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  // After UTF8=ACCEPT strings are UTF-8 anyway, and CHARSET is an error (RFC 6855 section 3).
  const charset =
    hasLiteral(keys) && !imap.enabled.has("UTF8=ACCEPT") ? [atom("CHARSET"), atom("UTF-8")] : [];
  const found = await numbersOf(imap, "SEARCH", [...charset, ...keys]);
  return [...new Set(found)].sort((a, b) => a - b);
}

/** UIDs that match, newest arrival first; of those that arrived in the same second, the higher UID first. */
export async function uidSort(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  const found = await numbersOf(imap, "SORT", [[atom("ARRIVAL")], atom("UTF-8"), ...keys]);
  return [...new Set(found)].reverse();
}

async function numbersOf(imap: ImapFlow, command: string, tokens: readonly SearchToken[]): Promise<number[]> {
  const found: number[] = [];
  const take = async ({ numbers, attributes }: Untagged): Promise<void> => {
    const values =
      numbers ?? (attributes ?? []).map((token) => (token && "value" in token ? Number(token.value) : 0));
    for (const value of values) if (Number.isSafeInteger(value) && value > 0) found.push(value);
  };
  if (!canExecute(imap)) throw new Error("imapflow no longer has exec");
  const response = await imap.exec(`UID ${command}`, tokens, { untagged: { [command]: take } });
  response.next();
  return found;
}
