/** UID SEARCH (RFC 3501 section 6.4.4), also on servers that refuse or misunderstand part of it. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { unsupportedCharset } from "./failures.ts";
import { atom, collectUids, containsLiteral, type SearchToken, searchString } from "./raw-search.ts";
import { splitAlternatives } from "./search-alternatives.ts";
import { requireSelected } from "./select.ts";
import { knownFacts } from "./server-memory.ts";

/** Searches that replace one search with OR, at most. */
const maxAlternatives = 40;

/**
 * Searches the selected mailbox. Returns the matching UIDs in ascending order. Where the server refuses OR, each
 * alternative is searched by itself. Throws unsupported_query when the server takes ASCII only, and imapflow's error
 * for another refusal.
 */
export async function uidSearch(imap: ImapFlow, keys: readonly SearchToken[]): Promise<number[]> {
  const facts = knownFacts(imap);
  const alternatives = splitAlternatives(keys, maxAlternatives);
  if (facts.has("refuses_header") && containsHeader(keys)) throw unsupportedHeader();
  if (alternatives && facts.has("refuses_or")) return searchEach(imap, alternatives);
  try {
    return await searchOnce(imap, keys);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (containsHeader(keys) && (await refusesHeader(imap))) throw unsupportedHeader(error);
    if (!alternatives) throw error;
    const found = await searchEach(imap, alternatives);
    facts.remember("refuses_or");
    return found;
  }
}

const containsHeader = (tokens: readonly SearchToken[]): boolean =>
  tokens.some((token) =>
    "type" in token ? token.type === "ATOM" && token.value === "HEADER" : containsHeader(token),
  );

const unsupportedHeader = (cause?: unknown) =>
  new AppError("unsupported_query", "This mail server does not search in this header field.", {
    cause,
    hint: "Search for words, sender or subject instead.",
  });

/** Asks whether a server refuses the simplest search with HEADER, too, after it refused one. */
async function refusesHeader(imap: ImapFlow): Promise<boolean> {
  const simplest = [atom("UID"), atom("1"), atom("HEADER"), atom("Message-ID"), searchString("x")];
  try {
    await searchOnce(imap, simplest);
    return false;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    knownFacts(imap).remember("refuses_header");
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
