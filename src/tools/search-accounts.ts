/**
 * One search over all accounts of a grant: the accounts are searched concurrently and their rows merged newest first.
 * The cursor holds, for each account, its page and the last row shown of it, so that no row is repeated or skipped,
 * even while emails arrive.
 */
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { MailAccount } from "../mail/mail-account.ts";
import type { EmailPage, EmailRow } from "../mail/reading.ts";

type AccountsRequest = { query: string; mailbox?: string; limit: number; cursor?: string };

/** The value of the `account` argument that selects all accounts. */
export const allAccounts = "all";

/** A page of results in which each row names its account. */
type AccountsPage = Omit<EmailPage, "emails"> & { emails: (EmailRow & { account: string })[] };

/** The position in one account. */
const accountPosition = z.object({
  account: z.string(),
  /** The account's own cursor; absent at the start. */
  page: z.string().optional(),
  /** Number of rows of that page already shown, and a digest of the last one's email id. */
  shown: z.object({ count: z.int(), last: z.string() }).optional(),
  finished: z.boolean().optional(),
});
type AccountPosition = z.output<typeof accountPosition>;
const accountsCursor = z.object({ question: z.string(), positions: z.array(accountPosition) });

/** The rows of one account that may come next. */
type AccountResult = {
  account: MailAccount;
  position: AccountPosition;
  rows: EmailRow[];
  /** Cursor of the account's next page; undefined on its last. */
  nextPage: string | undefined;
  page: EmailPage;
};

/**
 * Searches all accounts concurrently; an account that fails is listed in `skipped`. Throws when no account could be
 * searched, and cursor_expired for a cursor of another query.
 */
export async function searchAccounts(
  accounts: readonly MailAccount[],
  request: AccountsRequest,
  signal: AbortSignal,
): Promise<AccountsPage> {
  const question = toDigest(JSON.stringify([request.query, request.mailbox ?? ""]));
  const positions = request.cursor === undefined ? [] : parseAccountsCursor(request.cursor, question);
  const positionOf = ({ accountId }: MailAccount): AccountPosition =>
    positions.find(({ account }) => account === accountId) ?? { account: accountId };

  const settled = await Promise.allSettled(
    accounts.map((account) => searchFrom(account, positionOf(account), request)),
  );
  const results = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failures = settled.map((one): unknown => (one.status === "rejected" ? one.reason : undefined));
  const bug = failures.find((failure) => failure !== undefined && !(failure instanceof AppError));
  if (bug || signal.aborted || results.length === 0) throw bug ?? failures.find(Boolean);

  const merged = mergeNewestFirst(results, request.limit);
  const next = accounts.map((account) => {
    const result = results.find((candidate) => candidate.account === account);
    return result ? toNextPosition(result, merged) : positionOf(account);
  });
  return {
    emails: merged.map(({ result, row }) => ({ ...row, account: result.account.address })),
    total: results.reduce((sum, { page }) => sum + page.total, 0),
    searched: results.flatMap(({ account, page }) =>
      page.searched.map((path) => toAccountPath(account, path)),
    ),
    skipped: [
      ...results.flatMap(listSkipped),
      ...accounts.flatMap((account, at) => toSkipped(account, failures[at])),
    ],
    unreadable: results.flatMap(({ page }) => page.unreadable ?? []),
    cursor: next.every(({ finished }) => finished) ? undefined : toAccountsCursor(question, next),
  };
}

/** A mailbox's path with its account: `ann@example.org: INBOX`. */
function toAccountPath({ address }: MailAccount, path: string): string {
  return `${address}: ${path}`;
}

function listSkipped({ account, page }: AccountResult): AccountsPage["skipped"] {
  return page.skipped.map(({ mailbox, reason }) => ({ mailbox: toAccountPath(account, mailbox), reason }));
}

function toSkipped({ address }: MailAccount, failure: unknown): AccountsPage["skipped"] {
  return failure instanceof AppError ? [{ mailbox: address, reason: failure.message }] : [];
}

/** Searches one account from a position, leaving out the rows already shown. */
async function searchFrom(
  account: MailAccount,
  position: AccountPosition,
  { query, mailbox, limit }: AccountsRequest,
): Promise<AccountResult> {
  // Rows already shown come again at the head of their page: ask for that many more.
  const pageLimit = Math.min(100, limit + (position.shown?.count ?? 0));
  const search = (cursor: string | undefined) =>
    account.searchEmails({ query, mailbox, limit: pageLimit, cursor });
  const page = await search(position.page);
  if (position.finished) return { account, position, rows: [], nextPage: undefined, page };
  const rows = page.emails.slice(countShown(page.emails, position.shown));
  if (rows.length > 0 || page.cursor === undefined)
    return { account, position, rows, nextPage: page.cursor, page };
  const following = await search(page.cursor);
  return {
    account,
    position: { account: position.account, page: page.cursor },
    rows: following.emails,
    nextPage: following.cursor,
    page: following,
  };
}

/** The number of leading rows already shown: by the last one's id, or by the count if that email is gone. */
function countShown(rows: readonly EmailRow[], shown: AccountPosition["shown"]): number {
  if (!shown) return 0;
  const last = rows.findIndex(({ id }) => toDigest(id) === shown.last);
  return last >= 0 ? last + 1 : shown.count;
}

type MergedRow = { result: AccountResult; row: EmailRow };

/**
 * The newest `limit` rows of all results. The merge stops when an account has shown all its rows but has another page,
 * because that page's first row may be newer than the remaining rows of other accounts.
 */
function mergeNewestFirst(results: readonly AccountResult[], limit: number): MergedRow[] {
  const heads = new Map(results.map((result) => [result, 0]));
  const merged: MergedRow[] = [];
  while (merged.length < limit) {
    if (results.some((result) => result.nextPage && (heads.get(result) ?? 0) >= result.rows.length)) break;
    const candidates = results.flatMap((result) => {
      const row = result.rows[heads.get(result) ?? 0];
      return row ? [{ result, row }] : [];
    });
    const [newest] = candidates.toSorted((a, b) => Date.parse(b.row.date) - Date.parse(a.row.date));
    if (!newest) break;
    merged.push(newest);
    heads.set(newest.result, (heads.get(newest.result) ?? 0) + 1);
  }
  return merged;
}

function toNextPosition(result: AccountResult, merged: readonly MergedRow[]): AccountPosition {
  const { account, page, shown } = result.position;
  const own = merged.filter((each) => each.result === result);
  if (own.length === result.rows.length)
    return result.nextPage === undefined
      ? { account, page, finished: true }
      : { account, page: result.nextPage };
  const last = own.at(-1);
  if (!last) return result.position;
  return { account, page, shown: { count: (shown?.count ?? 0) + own.length, last: toDigest(last.row.id) } };
}

/** A short non-cryptographic hash that keeps the cursor small. */
function toDigest(text: string): string {
  return Bun.hash(text).toString(36);
}

function toAccountsCursor(question: string, positions: AccountPosition[]): string {
  const cursor: z.output<typeof accountsCursor> = { question, positions };
  return Buffer.from(JSON.stringify(cursor), "utf8").toString("base64url");
}

/** Throws cursor_expired for a malformed cursor and for one of another query. */
function parseAccountsCursor(text: string, question: string): AccountPosition[] {
  const expired = () =>
    new AppError("cursor_expired", "The cursor belongs to another question.", {
      hint: "Repeat the same arguments with the cursor, or start again without it.",
    });
  try {
    const cursor = accountsCursor.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    if (cursor.question === question) return cursor.positions;
  } catch {
    throw expired();
  }
  throw expired();
}
