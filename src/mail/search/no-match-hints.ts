/** Hints for a search that found nothing: which part of the query finds nothing, and which spelling finds something. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { readFresh } from "../../imap/sync.ts";
import { formatQuery } from "../../query/format-query.ts";
import type { Query } from "../../query/query.ts";
import type { Access } from "../access.ts";
import { asksParts, findUidsOf } from "./find-matches.ts";
import type { MailboxSearch } from "./search-scope.ts";

/** Parts that are counted, and mailboxes in which they are. */
const maxParts = 6;
const maxMailboxes = 10;
/** Time for counting, in milliseconds: the answer waits for it. */
const patienceMs = 8_000;

/**
 * Sentences about the parts of `query`, each counted alone in the mailboxes that were searched. Empty where nothing can
 * be said, and when the server fails: a hint is not worth a failure.
 */
export async function explainNoMatch(
  access: Access,
  query: Query,
  searches: readonly MailboxSearch[],
): Promise<string[]> {
  const parts = (query.kind === "all" ? query.of : [query]).filter(isCountable).slice(0, maxParts);
  const paths = searches.filter(({ empty }) => !empty).map(({ path }) => path);
  if (parts.length === 0 || paths.length === 0) return [];
  const limited = access.within(AbortSignal.timeout(patienceMs));
  const count = (queries: readonly Query[]) => countIn(limited, paths.slice(0, maxMailboxes), queries);
  try {
    const isAlone = query.kind !== "all";
    const counts = isAlone ? [0] : await count(parts);
    const counted = parts.map((part, at) => `${formatQuery(part)} finds ${counts[at] ?? 0}`);
    const missing = parts.filter((_, at) => counts[at] === 0);
    const spellings = await findSpellings(missing, count);
    return [
      ...(isAlone ? [] : [`Each part alone: ${counted.join(", ")}.`]),
      ...spellings.map(({ query, total }) => `${formatQuery(query)} finds ${total}.`),
    ];
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

/** True for a condition that one SEARCH answers in every mailbox. */
function isCountable(query: Query): boolean {
  if (query.kind === "all" || query.kind === "any") return query.of.every(isCountable);
  if (query.kind === "not") return isCountable(query.of);
  return query.kind !== "in" && query.kind !== "gmail" && !asksParts(query);
}

/** Numbers of matches of each query in these mailboxes together. */
async function countIn(
  access: Access,
  paths: readonly string[],
  queries: readonly Query[],
): Promise<number[]> {
  const totals = queries.map(() => 0);
  if (queries.length === 0) return totals;
  for (const path of paths)
    await access.read(path, async (imap: ImapFlow, cache: MailboxCache) => {
      for (const [at, query] of queries.entries()) {
        const uids = await readFresh(imap, () => findUidsOf({ imap, cache }, query, []));
        totals[at] = (totals[at] ?? 0) + uids.length;
      }
    });
  return totals;
}

/** For each part, the longest of its beginnings that finds something. */
async function findSpellings(
  parts: readonly Query[],
  count: (queries: readonly Query[]) => Promise<number[]>,
): Promise<{ query: Query; total: number }[]> {
  const variants = parts.slice(0, 2).map(toVariants);
  const totals = await count(variants.flat());
  let next = 0;
  return variants.flatMap((some) => {
    const own = some.map((query) => {
      next += 1;
      return { query, total: totals[next - 1] ?? 0 };
    });
    return own.find(({ total }) => total > 0) ?? [];
  });
}

/** Fewer characters would find unrelated words. */
const minCharacters = 4;

/**
 * The condition with one to three characters less at the end of its only word: plurals and inflected words are the usual
 * reason for finding nothing, and servers search for parts of words.
 */
function toVariants(query: Query): Query[] {
  if (query.kind !== "words" && query.kind !== "field") return [];
  const { text } = query;
  if (/\s/.test(text) || text.includes("@")) return [];
  return [1, 2, 3]
    .map((less) => [...text].slice(0, -less).join(""))
    .filter((shorter) => [...shorter].length >= minCharacters)
    .map((shorter) => ({ ...query, text: shorter }));
}
