/**
 * search_emails: all mailboxes of the scope searched side by side and merged, newest first. The cursor names the email
 * after which each mailbox continues, so mail that arrives or leaves between two pages neither repeats nor hides a row.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { requireSelected } from "../../imap/select.ts";
import { parseQuery } from "../../query/parse-query.ts";
import type { Query } from "../../query/query.ts";
import type { Access } from "../access.ts";
import type { EmailPage, EmailRow } from "../reading.ts";
import { compareNewestFirst, fromCursor, mailboxKeyOf, type Position, toCursor } from "./cursor.ts";
import { type FetchedRow, type FetchedRows, fetchRows } from "./email-rows.ts";
import {
  completeMatches,
  type MailboxResult,
  type Match,
  type PageRequest,
  searchMailbox,
} from "./mailbox-matches.ts";
import { explainNoMatch } from "./no-match-hints.ts";
import { type RowsRequest, rowsAtOnce, searchAtOnce } from "./search-at-once.ts";
import { type MailboxSearch, type SearchScope, toSearchScope } from "./search-scope.ts";
import { toSelection } from "./selection.ts";
import { rangeSizes } from "./uid-ranges.ts";

/** Mailboxes whose position a cursor names exactly; the others continue by the date of the last email shown. */
const maxPositions = 6;

/** Time for searching; well within the deadline of a call, so that what was found is still answered. */
const patienceMs = 32_000;

type SearchRequest = { query: string; mailbox?: string; limit: number; cursor?: string };
type Skipped = EmailPage["skipped"];

/** A match on the page, with the result it came from. */
type PageMatch = Match & { mailbox: string; result: MailboxResult };

/**
 * One page of a search. `limits` are the time for searching and the sizes of UID ranges.
 * Throws unsupported_query, mailbox_not_found, cursor_expired, and, where no mailbox at all could be searched, the
 * failure of the first.
 */
export async function searchEmails(
  access: Access,
  request: SearchRequest,
  limits = { patienceMs, sizes: rangeSizes },
): Promise<EmailPage> {
  const parsed = parseQuery(request.query, { clock: access.clock, self: access.address });
  const question = JSON.stringify([request.query, request.mailbox ?? ""]);
  const cursor = request.cursor === undefined ? undefined : fromCursor(request.cursor, "search", question);
  const { searches, skipped, results, failed } = await searchScope(access, parsed, request.mailbox, {
    limit: request.limit,
    cursor,
    late: AbortSignal.timeout(limits.patienceMs),
    sizes: limits.sizes,
  });
  const partial = results.flatMap(({ path, problem }) =>
    problem ? [{ mailbox: path, reason: problem }] : [],
  );
  const page = mergeResults(results, request.limit);
  const { rows, unreadable } = await rowsOf(access, results, page);
  const total = results.reduce((sum, one) => sum + one.total, 0);
  return {
    emails: rows.map(({ row }) => row),
    total,
    hints:
      total === 0
        ? await explainNoMatch(access, parsed, searches)
        : explainDates(
            parsed,
            rows.map(({ row }) => row),
          ),
    searched: results.map(({ path }) => path),
    skipped: [...skipped, ...failed, ...partial],
    unreadable,
    cursor: toNextCursor(results, page, question),
    selection: cursor ? undefined : toSelection(access.accountTag, results),
  };
}

/** Searches the scope; once more with mailboxes that a remembered list lacks, where nothing matches. */
async function searchScope(
  access: Access,
  parsed: Query,
  mailbox: string | undefined,
  request: Omit<PageRequest, "alone">,
) {
  const search = async (scope: SearchScope) => ({
    ...scope,
    ...(await searchAll(access, scope.searches, { ...request, alone: scope.searches.length === 1 })),
  });
  const remembered = await toSearchScope(access, parsed, mailbox);
  const found = await search(remembered).catch((error: unknown) => {
    const isGone = error instanceof AppError && error.code === "mailbox_not_found";
    if (!remembered.isRemembered || !isGone) throw error;
  });
  if (!found) return search(await toSearchScope(access, parsed, mailbox, { listsAnew: true }));
  if (!found.isRemembered || found.results.some(({ total }) => total > 0)) return found;
  const scope = await toSearchScope(access, parsed, mailbox, { listsAnew: true });
  const known = new Set(found.searches.map(({ path }) => path));
  // The list of now says which mailboxes are empty, and need no hint.
  const isSame = scope.searches.every(({ path }) => known.has(path));
  return isSame ? { ...found, searches: scope.searches } : search(scope);
}

/** Says that a condition on days goes by arrival, where emails of the page were sent more than a day before or after. */
function explainDates(query: Query, rows: readonly EmailRow[]): string[] {
  if (!asksArrival(query) || !rows.some(({ arrived }) => arrived !== undefined)) return [];
  return ["Days were compared with the arrival; sent_after: and sent_before: go by the date of the email."];
}

function asksArrival(query: Query): boolean {
  if (query.kind === "all" || query.kind === "any") return query.of.some(asksArrival);
  return query.kind === "not" ? asksArrival(query.of) : query.kind === "received";
}

/**
 * Mailboxes that are searched side by side, more than an account has connections. Were all of thousands begun at once,
 * the older parts of a large inbox would wait behind them.
 */
const mailboxesAtOnce = 12;

/**
 * Runs `search` on every mailbox, those with a role first. A mailbox whose turn does not come in time fails with
 * timed_out.
 */
async function searchInTurn(
  searches: readonly MailboxSearch[],
  late: AbortSignal,
  search: (one: MailboxSearch) => Promise<MailboxResult>,
): Promise<PromiseSettledResult<MailboxResult>[]> {
  const turns = [...searches.keys()].sort(
    (a, b) => Number(searches[b]?.usual) - Number(searches[a]?.usual) || a - b,
  );
  const outcomes = new Map<number, Promise<MailboxResult>>();
  const takeTurns = async () => {
    for (let at = turns.shift(); at !== undefined; at = turns.shift()) {
      const one = searches[at];
      if (!one) continue;
      const outcome = late.aborted ? Promise.reject(tooLate()) : search(one);
      outcomes.set(at, outcome);
      await outcome.catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: mailboxesAtOnce }, takeTurns));
  return Promise.allSettled(searches.map((_, at) => outcomes.get(at) ?? Promise.reject(tooLate())));
}

const tooLate = () => new AppError("timed_out", "The search took too long.");

/** Searches side by side. A mailbox that cannot be searched is named in `failed` and does not hide the others. */
async function searchAll(
  access: Access,
  searches: readonly MailboxSearch[],
  request: PageRequest,
): Promise<{ results: MailboxResult[]; failed: Skipped }> {
  const found = await searchAtOnce(access, searches, request);
  const holding = [...found.values()].filter(({ matches }) => matches.total > 0);
  const alone =
    request.alone || (holding.length === 1 && searches.every(({ path, empty }) => empty || found.has(path)));
  const settled = await searchInTurn(searches, request.late, async (search) => {
    const { path, query, empty } = search;
    if (empty) return { path, validity: "0", query, uids: [], total: 0, left: 0, head: [] };
    const known = found.get(path);
    const result = known && (await completeMatches(access, search, known, { ...request, alone }));
    return result ?? searchMailbox(access, search, request);
  });
  const outcomes = settled.filter((_, at) => !searches[at]?.empty);
  if (outcomes.length > 0 && outcomes.every(({ status }) => status === "rejected"))
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  const results: MailboxResult[] = [];
  const failed: Skipped = [];
  settled.forEach((outcome, at) => {
    if (outcome.status === "fulfilled") results.push(outcome.value);
    else if (!isMailboxFailure(outcome.reason)) throw outcome.reason;
    else failed.push({ mailbox: searches[at]?.path ?? "", reason: toSkipReason(outcome.reason) });
  });
  return { results, failed };
}

const mailboxFailures = [
  "mailbox_not_found",
  "mail_server_failed",
  "mail_server_busy",
  "not_supported",
  "timed_out",
];

function isMailboxFailure(reason: unknown): reason is AppError {
  return reason instanceof AppError && mailboxFailures.includes(reason.code);
}

function toSkipReason(failure: AppError): string {
  return failure.code === "timed_out" ? "took too long; search it alone" : "the mail server cannot search it";
}

function mergeResults(results: readonly MailboxResult[], limit: number): PageMatch[] {
  return results
    .flatMap((result) => {
      const mailbox = mailboxKeyOf(result.path);
      return result.head.map((match) => ({ ...match, mailbox, result }));
    })
    .sort(compareNewestFirst)
    .slice(0, limit);
}

/** The cursor after a page; undefined when no match is left. */
function toNextCursor(
  results: readonly MailboxResult[],
  page: readonly PageMatch[],
  question: string,
): string | undefined {
  const last = page.at(-1);
  const shownOf = (result: MailboxResult) => page.filter((match) => match.result === result);
  if (!last || !results.some((result) => result.left > shownOf(result).length)) return undefined;
  const at = results.flatMap((result): Position[] => {
    const own = shownOf(result).at(-1);
    if (!own) return [];
    const { mailbox, uid, receivedAt } = own;
    return [{ mailbox, validity: result.validity, uid, receivedAt }];
  });
  return toCursor({ kind: "search", last, at: at.slice(0, maxPositions) }, question);
}

/** The rows of a page, in its order. */
async function rowsOf(
  access: Access,
  results: readonly MailboxResult[],
  page: readonly PageMatch[],
): Promise<{ rows: FetchedRow[]; unreadable: string[] }> {
  const requests = new Map(
    results.map((result): [MailboxResult, RowsRequest] => {
      const uids = page.filter((match) => match.result === result).map(({ uid }) => uid);
      const { path, validity } = result;
      return [result, { path, validity, uids, share: uids.length / page.length }];
    }),
  );
  const open = [...requests].filter(([result, { uids }]) => !result.rows && uids.length > 0);
  const together = await rowsAtOnce(
    access,
    open.map(([, request]) => request),
  );
  const fetched = await Promise.all(
    results.map(async (result): Promise<[MailboxResult, FetchedRows]> => {
      const { uids = [], share = 0 } = requests.get(result) ?? {};
      const known = result.rows ?? together.get(result.path);
      if (known || uids.length === 0) return [result, known ?? { rows: [], unreadable: [] }];
      const validity = BigInt(result.validity);
      const fetch = async (imap: ImapFlow, cache: MailboxCache): Promise<FetchedRows> =>
        requireSelected(imap).uidValidity === validity
          ? fetchRows(access, imap, { uids }, cache, share)
          : { rows: [], unreadable: [] };
      return [result, await access.readEmail({ mailbox: result.path, uidValidity: validity }, fetch)];
    }),
  );
  const rows = new Map(
    fetched.map(([result, { rows }]) => [result, new Map(rows.map((row) => [row.uid, row]))]),
  );
  return {
    rows: page.flatMap((match) => rows.get(match.result)?.get(match.uid) ?? []),
    unreadable: fetched.flatMap(([, { unreadable }]) => unreadable.map(({ id }) => id)),
  };
}
