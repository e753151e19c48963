/** UID SEARCH (RFC 3501 section 6.4.4), also on servers that refuse or misunderstand part of it. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { unsupportedCharset } from "./failures.ts";
import { atom, collectUids, containsLiteral, type SearchToken, searchString } from "./raw-search.ts";
import { type ParsedKey, parseKeys, splitAlternatives } from "./search-alternatives.ts";
import { requireSelected } from "./select.ts";
import { knownFacts } from "./server-memory.ts";

/** Searches that replace one search with OR, at most. */
const maxAlternatives = 40;

/**
 * Searches the selected mailbox. Returns the matching UIDs in ascending order. Where the server refuses OR, each
 * alternative is searched by itself; where it refuses NOT, what is excluded is searched and taken away. Throws
 * unsupported_query when the server takes ASCII only or refuses a kind of key, and imapflow's error for another refusal.
 */
export async function uidSearch(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  const facts = knownFacts(imap);
  const alternatives = splitAlternatives(keys, maxAlternatives);
  for (const { fact, names, failure } of refusableKeys)
    if (facts.has(fact) && containsKey(keys, names)) throw failure();
  if (facts.has("refuses_not") && containsKey(keys, ["NOT"])) return searchByParts(imap, keys);
  if (alternatives && facts.has("refuses_or")) return searchEach(imap, alternatives);
  try {
    return await searchOnce(imap, keys);
  } catch (error) {
    if (!isRefusal(error) || error instanceof AppError) throw error;
    for (const refusable of refusableKeys)
      if (containsKey(keys, refusable.names) && (await refusesKey(imap, refusable)))
        throw refusable.failure(error);
    return searchOtherwise(imap, keys, error);
  }
}

/** Searches without OR or without NOT. Throws the refusal of the whole search where that is of no use. */
async function searchOtherwise(
  imap: ImapFlow,
  keys: readonly SearchToken[],
  refusal: unknown,
): Promise<number[]> {
  const facts = knownFacts(imap);
  const alternatives = splitAlternatives(keys, maxAlternatives);
  if (alternatives && !containsKey(keys, ["NOT"])) {
    const found = await searchEach(imap, alternatives);
    facts.remember("refuses_or");
    return found;
  }
  if (!containsKey(keys, ["NOT", "OR"])) throw refusal;
  try {
    const found = alternatives && (await searchEach(imap, alternatives));
    if (found) facts.remember("refuses_or");
    if (found) return found;
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  const found = await searchByParts(imap, keys);
  facts.remember("refuses_not");
  return found;
}

/** Searches each plain key by itself and combines the results here. */
async function searchByParts(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  const parsed = parseKeys(keys);
  if (!parsed) return searchOnce(imap, keys);
  return matchAll(parsed);

  async function matchAll(all: readonly ParsedKey[]): Promise<number[]> {
    const flat = all.flatMap((key) => (key.kind === "list" ? key.of : [key]));
    const plain = flat.flatMap((key) => (key.kind === "plain" ? [...key.tokens] : []));
    let found = await searchOnce(imap, plain.length > 0 ? plain : [atom("ALL")]);
    for (const key of flat) {
      if (found.length === 0) break;
      if (key.kind === "plain") continue;
      const parts = key.kind === "not" ? [key.of] : key.of;
      const isWanted = key.kind !== "not";
      if (key.kind === "list") found = keep(found, await matchAll(parts), true);
      else {
        const matching = new Set<number>();
        for (const part of parts) for (const uid of await matchAll([part])) matching.add(uid);
        found = keep(found, [...matching], isWanted);
      }
    }
    return found;
  }
}

function keep(uids: readonly number[], matching: readonly number[], isWanted: boolean): number[] {
  const set = new Set(matching);
  return uids.filter((uid) => set.has(uid) === isWanted);
}

const containsKey = (tokens: readonly SearchToken[], names: readonly string[]): boolean =>
  tokens.some((token) =>
    "type" in token ? token.type === "ATOM" && names.includes(token.value) : containsKey(token, names),
  );

type RefusableKey = {
  fact: "refuses_header" | "refuses_text";
  names: readonly string[];
  /** The simplest search with such a key. */
  probe: readonly SearchToken[];
  failure(cause?: unknown): AppError;
};

/** Keys that some servers refuse altogether, and what takes their place for the caller. */
const refusableKeys: readonly RefusableKey[] = [
  {
    fact: "refuses_header",
    names: ["HEADER"],
    probe: [atom("HEADER"), atom("Message-ID"), searchString("x")],
    failure: (cause) =>
      new AppError("unsupported_query", "This mail server does not search in this header field.", {
        cause,
        hint: "Search for words, sender or subject instead.",
      }),
  },
  {
    fact: "refuses_text",
    names: ["TEXT", "BODY"],
    probe: [atom("TEXT"), searchString("x")],
    failure: (cause) =>
      new AppError("unsupported_query", "This mail server does not search in the text of emails.", {
        cause,
        hint: "Search by from:, to:, subject: or dates instead.",
      }),
  },
];

/** Asks whether a server refuses the simplest search with a key, too, after it refused a search with it. */
async function refusesKey(imap: ImapFlow, { fact, probe }: RefusableKey): Promise<boolean> {
  try {
    await searchOnce(imap, [atom("UID"), atom("1"), ...probe]);
    return false;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    knownFacts(imap).remember(fact);
    return true;
  }
}

/** UIDs of the emails of the selected mailbox that bear one of Gmail's labels. */
export async function searchLabels(imap: ImapFlow, labels: readonly string[]): Promise<number[]> {
  const found = new Set<number>();
  for (const label of labels)
    for (const uid of await uidSearch(imap, [atom("X-GM-LABELS"), searchString(label)])) found.add(uid);
  return [...found];
}

/** True for a tagged NO or BAD, which says nothing about the next command. */
function isRefusal(error: unknown): boolean {
  if (error instanceof AppError) return error.code === "unsupported_query";
  return error instanceof Error && "responseStatus" in error && !("throttleReset" in error);
}

async function searchEach(imap: ImapFlow, alternatives: readonly SearchToken[][]): Promise<number[]> {
  const found = new Set<number>();
  for (const keys of alternatives) for (const uid of await searchOnce(imap, keys)) found.add(uid);
  return [...found].sort((a, b) => a - b);
}

async function searchOnce(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  const facts = knownFacts(imap);
  // After UTF8=ACCEPT all strings are UTF-8, and CHARSET is an error (RFC 6855 section 3).
  const needsCharset = containsLiteral(keys) && !imap.enabled.has("UTF8=ACCEPT");
  if (needsCharset && facts.has("refuses_charset")) throw unsupportedCharset(undefined);
  const tokens = needsCharset ? [atom("CHARSET"), atom("UTF-8"), ...keys] : keys;
  try {
    const found = await searchRanges(imap, tokens);
    return [...new Set(found)].sort((a, b) => a - b);
  } catch (error) {
    // RFC 3501 section 6.4.4 asks for NO [BADCHARSET]; QQ answers BAD.
    const isBad = error instanceof Error && "responseStatus" in error && error.responseStatus === "BAD";
    if (!needsCharset || !isBad || "throttleReset" in error) throw error;
    facts.remember("refuses_charset");
    throw unsupportedCharset(error);
  }
}

/**
 * Asks for ranges where the server can return them (ESEARCH, RFC 4731), which are a fraction of the octets, and for the
 * count. No ALL and a count of zero mean that nothing matches; some servers leave ALL out although emails match (iCloud
 * is reported to): without either of them the search is repeated as a plain one.
 */
async function searchRanges(imap: ImapFlow, tokens: readonly SearchToken[]): Promise<number[]> {
  const facts = knownFacts(imap);
  const searchPlain = async () => (await collectUids(imap, "SEARCH", tokens)).uids;
  // It is not documented whether Gmail returns ranges for its own keys.
  const canReturn = imap.capabilities.has("ESEARCH") && !containsGmailKey(tokens);
  if (!canReturn || facts.has("esearch_without_all")) return searchPlain();
  const wanted = [atom("ALL"), atom("COUNT")];
  const { uids, isCertain } = await collectUids(imap, "SEARCH", [atom("RETURN"), wanted, ...tokens]);
  if (isCertain || requireSelected(imap).exists === 0) return uids;
  const checked = await searchPlain();
  if (checked.length > 0) facts.remember("esearch_without_all");
  return checked;
}

const containsGmailKey = (tokens: readonly SearchToken[]): boolean =>
  tokens.some((token) =>
    "type" in token ? String(token.value).startsWith("X-GM-") : containsGmailKey(token),
  );
