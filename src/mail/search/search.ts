/**
 * search_emails: every mailbox asked for, side by side, merged newest first. A cursor says after which email each
 * mailbox goes on, so that mail may arrive and go in between: nothing is repeated and nothing skipped.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { parseQuery } from "../../query/parse-query.ts";
import type { Access } from "../access.ts";
import type { EmailPage } from "../reading.ts";
import { fromCursor, inOrder, mailboxKeyOf, type Position, toCursor } from "./cursor.ts";
import { type FetchedRow, fetchRows } from "./email-rows.ts";
import { type MailboxResult, type Match, searchMailbox } from "./mailbox-matches.ts";
import { toSearchScope } from "./search-scope.ts";
import { rangeSizes } from "./uid-ranges.ts";

/** A cursor names the place in this many mailboxes exactly; in the others the common place does. */
const maxPositions = 6;

/** What is found by then is the answer; well within the deadline of a call. */
const patienceMs = 32_000;

/** `limits`: what is searched at once, and how long. */
export async function searchEmails(
  access: Access,
  request: { query: string; mailbox?: string; limit: number; cursor?: string },
  limits = { patienceMs, sizes: rangeSizes },
): Promise<EmailPage> {
  const parsed = parseQuery(request.query, { clock: access.clock, self: access.address });
  const question = JSON.stringify([request.query, request.mailbox ?? ""]);
  const cursor = request.cursor === undefined ? undefined : fromCursor(request.cursor, "search", question);
  const { places, skipped } = await toSearchScope(access, parsed, request.mailbox);
  const alone = places.length === 1;
  const late = AbortSignal.timeout(limits.patienceMs);
  const asked = { limit: request.limit, cursor, alone, late, sizes: limits.sizes };
  const settled = await Promise.allSettled(
    places.map((place) =>
      place.empty
        ? { path: place.path, validity: "0", total: 0, left: 0, head: [] }
        : searchMailbox(access, place, asked),
    ),
  );
  // When none of those that hold anything could be searched, that is the answer.
  const searched = settled.filter((_, at) => !places[at]?.empty);
  if (searched.length > 0 && searched.every(({ status }) => status === "rejected"))
    for (const outcome of searched) if (outcome.status === "rejected") throw outcome.reason;
  const found: MailboxResult[] = [];
  settled.forEach((outcome, at) => {
    if (outcome.status === "fulfilled") found.push(outcome.value);
    // One mailbox that cannot be read does not hide what the others hold.
    else if (!isMailboxProblem(outcome.reason)) throw outcome.reason;
    else skipped.push({ mailbox: places[at]?.path ?? "", reason: toReason(outcome.reason) });
  });
  for (const { path, problem } of found) if (problem) skipped.push({ mailbox: path, reason: problem });

  const merged = found
    .flatMap((one) => one.head.map((match) => ({ ...match, place: mailboxKeyOf(one.path), one })))
    .sort(inOrder)
    .slice(0, request.limit);
  const rows = await rowsOf(access, found, merged);
  const taken = (one: MailboxResult) => merged.filter((match) => match.one === one);
  const more = found.some((one) => one.left > taken(one).length);
  const last = merged.at(-1);
  const at = found
    .flatMap((one): Position[] => {
      const own = taken(one).at(-1);
      return own
        ? [{ place: own.place, validity: one.validity, uid: own.uid, receivedAt: own.receivedAt }]
        : [];
    })
    .slice(0, maxPositions);
  return {
    emails: rows.map(({ row }) => row),
    total: found.reduce((sum, one) => sum + one.total, 0),
    searched: found.map(({ path }) => path),
    skipped,
    ...(more && last
      ? {
          cursor: toCursor({ kind: "search", last, at }, question),
        }
      : {}),
  };
}

const mailboxProblems = [
  "mailbox_not_found",
  "mail_server_failed",
  "mail_server_busy",
  "not_supported",
  "timed_out",
];

function isMailboxProblem(reason: unknown): reason is AppError {
  return reason instanceof AppError && mailboxProblems.includes(reason.code);
}

function toReason(problem: unknown): string {
  const late = problem instanceof AppError && problem.code === "timed_out";
  return late ? "took too long; search it alone" : "the mail server cannot search it";
}

/** The rows of a page, in its order. */
async function rowsOf(
  access: Access,
  found: readonly MailboxResult[],
  page: readonly (Match & { one: MailboxResult })[],
): Promise<FetchedRow[]> {
  const fetched = await Promise.all(
    found.map(async (one): Promise<[MailboxResult, FetchedRow[]]> => {
      const uids = page.filter((match) => match.one === one).map(({ uid }) => uid);
      if (one.rows || uids.length === 0) return [one, one.rows ?? []];
      const share = uids.length / page.length;
      const fetch = (imap: ImapFlow, cache: MailboxCache) =>
        fetchRows(access, imap, uids.join(","), "uid", cache, share);
      return [one, await access.read(one.path, fetch)];
    }),
  );
  const rows = new Map(fetched.map(([one, list]) => [one, new Map(list.map((row) => [row.uid, row]))]));
  return page.flatMap((match) => {
    const row = rows.get(match.one)?.get(match.uid);
    return row ? [row] : [];
  });
}
