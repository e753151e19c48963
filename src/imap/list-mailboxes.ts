/** LIST (RFC 3501 section 6.3.8) with the names that the server means. */
import type { ImapFlow, ListOptions, ListResponse } from "imapflow";
import { listMemoryOf } from "./list-memory.ts";
import { isModifiedUtf7 } from "./mailbox-encoding.ts";
import { withoutHidden } from "./private-mailboxes.ts";

/**
 * Lists all mailboxes but private ones, with counts where `statusQuery` asks for them. Throws imapflow's error when the
 * server refuses.
 */
export async function listMailboxEntries(
  imap: ImapFlow,
  options: Pick<ListOptions, "statusQuery"> = {},
): Promise<ListResponse[]> {
  return withoutHidden(imap, await listAll(imap, options), () => listWithValidity(imap));
}

/** Lists all mailboxes but private ones, without counts: as they were listed within the last minute, or now. */
export async function listRecentEntries(imap: ImapFlow): Promise<ListResponse[]> {
  const entries = listMemoryOf(imap).read() ?? (await listAll(imap, {}));
  return withoutHidden(imap, entries, () => listWithValidity(imap));
}

/** Mailboxes asked for UIDVALIDITY one after another, at most. */
const maxAsked = 300;

/** Lists all mailboxes with UIDVALIDITY, also private ones: by one LIST-STATUS, or by a STATUS each. */
export async function listWithValidity(imap: ImapFlow): Promise<ListResponse[]> {
  if (imap.capabilities.has("LIST-STATUS")) return listAll(imap, { statusQuery: { uidValidity: true } });
  const entries = await listAll(imap, {});
  for (const entry of entries.slice(0, maxAsked)) {
    const status = await imap.status(entry.path, { uidValidity: true }).catch(() => undefined);
    if (status) entry.status = status;
  }
  return entries;
}

/** Lists all mailboxes, also private ones. */
export async function listAll(
  imap: ImapFlow,
  { statusQuery }: Pick<ListOptions, "statusQuery">,
): Promise<ListResponse[]> {
  const entries = await imap.list(statusQuery ? { statusQuery } : {});
  const named = withInbox(imap.enabled.has("UTF8=ACCEPT") ? entries : entries.map(correctName));
  listMemoryOf(imap).keep(named);
  return named;
}

/** INBOX always exists (RFC 3501 section 5.1), also where a server does not list it. */
function withInbox(entries: ListResponse[]): ListResponse[] {
  if (entries.some(({ path }) => path.toUpperCase() === "INBOX")) return entries;
  const inbox: ListResponse = {
    ...{ path: "INBOX", pathAsListed: "INBOX", name: "INBOX", delimiter: entries[0]?.delimiter ?? "/" },
    ...{ parent: [], parentPath: "", flags: new Set<string>(), specialUse: "\\Inbox" },
    ...{ listed: true, subscribed: true },
  };
  return [inbox, ...entries];
}

/** A name that is not valid modified UTF-7, such as `R&D`, is meant as it is; imapflow decodes it to `R`. */
function correctName(entry: ListResponse): ListResponse {
  const { pathAsListed, delimiter } = entry;
  if (!pathAsListed?.includes("&") || isModifiedUtf7(pathAsListed)) return entry;
  const path = delimiter && pathAsListed.startsWith(delimiter) ? pathAsListed.slice(1) : pathAsListed;
  const levels = delimiter ? path.split(delimiter) : [path];
  return {
    ...entry,
    path,
    name: levels.at(-1) ?? path,
    parent: levels.slice(0, -1),
    parentPath: levels.slice(0, -1).join(delimiter),
  };
}
