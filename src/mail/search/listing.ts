/** get_recent_emails: the newest emails of a mailbox by arrival, in one or two round trips whatever its size. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../../errors.ts";
import { fetchOneByUid } from "../../imap/fetch.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { hasHiddenEmails } from "../../imap/private-mailboxes.ts";
import { atom, ignoreRefusal } from "../../imap/raw-search.ts";
import { requireSelected, takeCurrent } from "../../imap/select.ts";
import { detectChanges, readFresh, reportsChangesInline } from "../../imap/sync.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import type { Access } from "../access.ts";
import { withMailboxPath } from "../mailbox-paths.ts";
import type { EmailPage } from "../reading.ts";
import { fromCursor, mailboxKeyOf, type Position, toCursor } from "./cursor.ts";
import { type FetchedRow, type FetchedRows, fetchRows } from "./email-rows.ts";
import { withNearestMailbox } from "./nearest-mailbox.ts";

/** One page of a mailbox. Throws mailbox_not_found, cursor_expired, and the failures of a connection. */
export async function listEmails(
  access: Access,
  request: { mailbox: string; limit: number; unreadOnly?: boolean; cursor?: string },
): Promise<EmailPage> {
  return withMailboxPath(access, request.mailbox, (named) => listNamed(access, named, request));
}

async function listNamed(
  access: Access,
  named: string,
  request: { limit: number; unreadOnly?: boolean; cursor?: string },
): Promise<EmailPage> {
  const unreadOnly = request.unreadOnly ?? false;
  const question = JSON.stringify([named, unreadOnly]);
  const after = request.cursor === undefined ? undefined : fromCursor(request.cursor, "list", question).at;
  const work = async (imap: ImapFlow, cache: MailboxCache): Promise<EmailPage> => {
    const { uidValidity, path } = requireSelected(imap);
    if (after && after.validity !== String(uidValidity))
      throw new AppError(
        "cursor_expired",
        "The mail server renumbered this mailbox since the cursor was given.",
      );
    // Positions of the server would count what the person keeps private.
    const { rows, unreadable, total, left } =
      unreadOnly || hasHiddenEmails(imap)
        ? await readFresh(imap, () =>
            foundRows(access, imap, { limit: request.limit, unreadOnly }, cache, after),
          )
        : after
          ? await rowsBefore(access, imap, request.limit, cache, after)
          : await newestRows(access, imap, request.limit, cache);
    const last = lastOf({ rows, unreadable });
    const toPosition = ({ uid, receivedAt }: Pick<FetchedRow, "uid" | "receivedAt">): Position => ({
      mailbox: mailboxKeyOf(path),
      validity: String(uidValidity),
      uid,
      receivedAt,
    });
    return {
      emails: rows.map(({ row }) => row),
      total,
      searched: [path],
      skipped: [],
      unreadable: unreadable.map(({ id }) => id),
      cursor: left > 0 && last ? toCursor({ kind: "list", at: toPosition(last) }, question) : undefined,
    };
  };
  return withNearestMailbox(access, named, (path) => access.read(path, work));
}

/** Rows newest first; `left` is the number of older emails. */
type RowsPage = FetchedRows & { total: number; left: number };

/** The oldest email of a page, which may be an unreadable one. A list continues by UID, so its date is not needed. */
function lastOf({ rows, unreadable }: FetchedRows): Pick<FetchedRow, "uid" | "receivedAt"> | undefined {
  const oldest = [...rows, ...unreadable.map(({ uid }) => ({ uid, receivedAt: 0 }))];
  return oldest.toSorted((a, b) => a.uid - b.uid)[0];
}

/**
 * The newest rows. Where a list of this length was fetched before, by UID from its oldest row on: one round trip when
 * nothing changed, one more for arrivals. Otherwise by sequence number, of which the highest is the newest.
 */
async function newestRows(
  access: Access,
  imap: ImapFlow,
  limit: number,
  cache: MailboxCache,
): Promise<RowsPage> {
  const known = await rowsSince(access, imap, limit, cache);
  const { exists } = requireSelected(imap);
  const page = known ?? (await rowsUpTo(access, imap, exists, limit, cache));
  const oldest = page.rows.at(-1);
  if (oldest) cache.newestFrom.set(limit, oldest.uid);
  return page;
}

/** The rows since the last list; undefined when there was none, or when emails were removed or changed since. */
async function rowsSince(
  access: Access,
  imap: ImapFlow,
  limit: number,
  cache: MailboxCache,
): Promise<RowsPage | undefined> {
  if (takeCurrent(imap)) return undefined;
  const from = cache.newestFrom.get(limit);
  cache.unreadable.purgeStale();
  if (from === undefined || !reportsChangesInline(imap) || cache.unreadable.size > 0) {
    await imap.noop();
    return undefined;
  }
  const expected = Math.min(limit, requireSelected(imap).exists);
  const { result, reported } = await detectChanges(imap, () =>
    fetchRows(access, imap, { fromUid: from }, cache),
  );
  if (reported === "changes" || result.rows.length < expected) return undefined;
  // Nothing is left of the last list: there is no UID after which to look for arrivals.
  if (result.rows.length === 0) return undefined;
  const last = Math.max(...result.rows.map((row) => row.uid));
  const arrived =
    reported === "arrivals" ? (await fetchRows(access, imap, { fromUid: last + 1 }, cache)).rows : [];
  const rows = newestFirst([...result.rows, ...arrived.filter((row) => row.uid > last)]).slice(0, limit);
  const { exists } = requireSelected(imap);
  return { rows, unreadable: [], total: exists, left: exists - rows.length };
}

async function rowsBefore(
  access: Access,
  imap: ImapFlow,
  limit: number,
  cache: MailboxCache,
  after: Position,
): Promise<RowsPage> {
  const last = await readFresh(imap, () => countBefore(imap, after.uid));
  return rowsUpTo(access, imap, last, limit, cache);
}

/** Rows up to a sequence number. UIDs ascend with it, so all emails before one have smaller numbers. */
async function rowsUpTo(
  access: Access,
  imap: ImapFlow,
  last: number,
  limit: number,
  cache: MailboxCache,
): Promise<RowsPage> {
  const { exists } = requireSelected(imap);
  if (last === 0) return { rows: [], unreadable: [], total: exists, left: 0 };
  const first = Math.max(1, last - limit + 1);
  const { rows, unreadable } = await fetchRows(access, imap, { first, last }, cache);
  return { rows: newestFirst(rows), unreadable, total: exists, left: first - 1 };
}

/** Number of emails in the selected mailbox with a smaller UID. */
async function countBefore(imap: ImapFlow, uid: number): Promise<number> {
  if (uid === 1) return 0;
  // UID FETCH instead of a search by UIDs, in whose answer Dovecot holds EXPUNGE back.
  const email = await fetchOneByUid(imap, uid, { uid: true }).catch(ignoreRefusal);
  if (email) return email.seq - 1;
  return (await uidSearch(imap, [atom("UID"), { type: "SEQUENCE", value: `1:${uid - 1}` }])).length;
}

async function foundRows(
  access: Access,
  imap: ImapFlow,
  { limit, unreadOnly }: { limit: number; unreadOnly: boolean },
  cache: MailboxCache,
  after?: Position,
): Promise<RowsPage> {
  const found = await uidSearch(imap, [atom(unreadOnly ? "UNSEEN" : "ALL")]);
  const uids = found.filter((uid) => !after || uid < after.uid).sort((a, b) => b - a);
  const page = uids.slice(0, limit);
  const { rows, unreadable } = await fetchRows(access, imap, { uids: page }, cache);
  return { rows: newestFirst(rows), unreadable, total: found.length, left: uids.length - page.length };
}

function newestFirst(rows: readonly FetchedRow[]): FetchedRow[] {
  return [...rows].sort((a, b) => b.uid - a.uid);
}
