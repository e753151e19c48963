/** search_emails, first form: one SEARCH per mailbox, newest first. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import type { Access } from "./access.ts";
import { readFresh } from "./freshness.ts";
import type { EmailPage } from "./mail.ts";
import { knownMailboxes, toMailboxPath } from "./mailboxes.ts";
import { parseQuery } from "./query.ts";
import { toSearchObject } from "./query-imap.ts";
import { type FetchedRow, fetchRows } from "./rows.ts";

export async function searchEmails(
  access: Access,
  request: { query: string; mailbox?: string; limit: number; cursor?: string },
): Promise<EmailPage> {
  const query = toSearchObject(parseQuery(request.query, { clock: access.clock, self: access.address }));
  const paths =
    request.mailbox === undefined
      ? (await access.read(undefined, knownMailboxes))
          .filter((mailbox) => !mailbox.virtual && mailbox.role !== "trash" && mailbox.role !== "junk")
          .map((mailbox) => mailbox.path)
      : [await toMailboxPath(access, request.mailbox)];
  const found = await Promise.all(
    paths.map((path) =>
      access.read(path, async (imap: ImapFlow, notes): Promise<{ rows: FetchedRow[]; total: number }> => {
        const uids = await readFresh(imap, () => imap.search(query, { uid: true }));
        if (!uids) throw new AppError("mail_server_failed", "The mail server refused the search.");
        const newest = uids.sort((a, b) => b - a).slice(0, request.limit);
        return {
          rows: newest.length > 0 ? await fetchRows(access, imap, newest.join(","), "uid", notes) : [],
          total: uids.length,
        };
      }),
    ),
  );
  const rows = found.flatMap((one) => one.rows).sort((a, b) => b.receivedAt - a.receivedAt);
  return {
    emails: rows.slice(0, request.limit).map(({ row }) => row),
    total: found.reduce((sum, one) => sum + one.total, 0),
    searched: paths,
    skipped: [],
  };
}
