/**
 * search_emails: every mailbox asked for, side by side, merged newest first. A cursor says after which email each
 * mailbox goes on, so that mail may arrive and go in between: nothing is repeated and nothing skipped.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import { type Access, requireSelected } from "../access.ts";
import { readFresh } from "../connection/freshness.ts";
import type { MailboxNotes } from "../connection/notes.ts";
import type { EmailPage } from "../mail.ts";
import { type Cursor, fromCursor, type Position, placeOf, type Shown, toCursor } from "./cursor.ts";
import { withNearest } from "./missing-mailbox.ts";
import { datesOf, type Matches, type Place } from "./newest.ts";
import { parseQuery } from "./query.ts";
import { type FetchedRow, fetchRows } from "./rows.ts";
import { findMatches, type Match } from "./search-mailbox.ts";
import { type MailboxSearch, toScope } from "./search-scope.ts";

/** A cursor names the place in this many mailboxes exactly; in the others the common place does. */
const maxPositions = 6;

/** What is found by then is the answer; well within the deadline of a call. */
const patienceMs = 32_000;

type Found = {
  path: string;
  validity: string;
  total: number;
  /** How many come after the cursor. */
  left: number;
  /** The newest of these, at most as many as are asked for. */
  head: Match[];
  /** Their rows, when this is the only mailbox. */
  rows?: FetchedRow[];
  problem?: string;
};

export async function searchEmails(
  access: Access,
  request: { query: string; mailbox?: string; limit: number; cursor?: string },
): Promise<EmailPage> {
  const parsed = parseQuery(request.query, { clock: access.clock, self: access.address });
  const question = JSON.stringify([request.query, request.mailbox ?? ""]);
  const cursor = request.cursor === undefined ? undefined : fromCursor(request.cursor, "search", question);
  const { places, skipped } = await toScope(access, parsed, request.mailbox);
  const alone = places.length === 1;
  const late = AbortSignal.timeout(patienceMs);
  const settled = await Promise.allSettled(
    places.map((place) =>
      place.empty
        ? { path: place.path, validity: "0", total: 0, left: 0, head: [] }
        : inTime(look(access, place, request.limit, cursor, alone), late),
    ),
  );
  // When none of those that hold anything could be searched, that is the answer.
  const asked = settled.filter((_, at) => !places[at]?.empty);
  if (asked.length > 0 && asked.every(({ status }) => status === "rejected"))
    for (const outcome of asked) if (outcome.status === "rejected") throw outcome.reason;
  const found: Found[] = [];
  settled.forEach((outcome, at) => {
    if (outcome.status === "fulfilled") found.push(outcome.value);
    // One mailbox that cannot be read does not hide what the others hold.
    else if (!isMailboxProblem(outcome.reason)) throw outcome.reason;
    else skipped.push({ mailbox: places[at]?.path ?? "", reason: toReason(outcome.reason) });
  });
  for (const { path, problem } of found) if (problem) skipped.push({ mailbox: path, reason: problem });

  const merged = found
    .flatMap((one) => one.head.map((match) => ({ ...match, place: placeOf(one.path), one })))
    .sort(inOrder)
    .slice(0, request.limit);
  const rows = await rowsOf(access, found, merged);
  const taken = (one: Found) => merged.filter((match) => match.one === one);
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

/** Newest first. Emails of two mailboxes may share second and number: which mailbox is first never changes. */
const inOrder = (a: Shown, b: Shown) =>
  b.receivedAt - a.receivedAt || b.uid - a.uid || (a.place < b.place ? -1 : Number(a.place > b.place));

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

/** One slow mailbox must not cost the answer of the others. */
function inTime<T>(work: Promise<T>, late: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(new AppError("timed_out", "Searching the mailbox took too long."));
    if (late.aborted) stop();
    late.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject);
  });
}

/** What one mailbox has to offer to the page. */
function look(
  access: Access,
  { path: named, query }: MailboxSearch,
  limit: number,
  cursor: Extract<Cursor, { kind: "search" }> | undefined,
  alone: boolean,
): Promise<Found> {
  const work = async (imap: ImapFlow, notes: MailboxNotes): Promise<Found> => {
    const { path, uidValidity } = requireSelected(imap);
    const validity = String(uidValidity);
    const place = placeOf(path);
    const own = cursor?.at.find((position) => position.place === place);
    if (own && own.validity !== validity)
      throw new AppError(
        "cursor_expired",
        "The mail server renumbered a mailbox since the cursor was given.",
      );
    const find = async (after: Place | undefined): Promise<Found> => {
      const wanted = { limit, ...(after ? { after } : {}) };
      const matches = await readFresh(imap, () => findMatches(imap, query, wanted));
      const { total, left, head: uids, problem } = matches;
      const base = { path, validity, total, left, ...(problem ? { problem } : {}) };
      if (uids.length === 0) return { ...base, head: [] };
      if (!alone)
        return { ...base, head: await toMatches(matches, uids, (unknown) => datesOf(imap, unknown)) };
      const rows = await fetchRows(access, imap, uids.join(","), "uid", notes);
      return { ...base, head: inOrderOf(uids, rows), rows };
    };
    if (!cursor) return find(undefined);
    const { last } = cursor;
    const common = { ...last, uid: place > last.place ? last.uid + 1 : last.uid, own: false };
    if (!own) return find(common);
    const found = await find({ ...own, own: true });
    // What was moved here since may have been shown where it was.
    const isShown = found.head.some((match) => inOrder({ ...match, place }, last) <= 0);
    return isShown ? find(common) : found;
  };
  return withNearest(access, named, (path) => access.read(path, work));
}

async function toMatches(
  { dates }: Matches,
  uids: readonly number[],
  ask: (uids: readonly number[]) => Promise<ReadonlyMap<number, number>>,
): Promise<Match[]> {
  const known = uids.every((uid) => dates.has(uid)) ? dates : await ask(uids);
  return uids.flatMap((uid) => {
    const receivedAt = known.get(uid);
    return receivedAt === undefined ? [] : [{ uid, receivedAt }];
  });
}

function inOrderOf(uids: readonly number[], rows: readonly FetchedRow[]): Match[] {
  const byUid = new Map(rows.map((row) => [row.uid, row]));
  return uids.flatMap((uid) => {
    const row = byUid.get(uid);
    return row ? [{ uid, receivedAt: row.receivedAt }] : [];
  });
}

/** The rows of a page, in its order. */
async function rowsOf(
  access: Access,
  found: readonly Found[],
  page: readonly (Match & { one: Found })[],
): Promise<FetchedRow[]> {
  const fetched = await Promise.all(
    found.map(async (one): Promise<[Found, FetchedRow[]]> => {
      const uids = page.filter((match) => match.one === one).map(({ uid }) => uid);
      if (one.rows || uids.length === 0) return [one, one.rows ?? []];
      const share = uids.length / page.length;
      const fetch = (imap: ImapFlow, notes: MailboxNotes) =>
        fetchRows(access, imap, uids.join(","), "uid", notes, share);
      return [one, await access.read(one.path, fetch)];
    }),
  );
  const rows = new Map(fetched.map(([one, list]) => [one, new Map(list.map((row) => [row.uid, row]))]));
  return page.flatMap((match) => {
    const row = rows.get(match.one)?.get(match.uid);
    return row ? [row] : [];
  });
}
