/** LIST (RFC 3501 section 6.3.8) with the names that the server means. */
import type { ImapFlow, ListOptions, ListResponse } from "imapflow";
import { isModifiedUtf7 } from "./mailbox-encoding.ts";

/** Lists all mailboxes, with counts where `statusQuery` asks for them. Throws imapflow's error when the server refuses. */
export async function listMailboxEntries(
  imap: ImapFlow,
  { statusQuery }: Pick<ListOptions, "statusQuery"> = {},
): Promise<ListResponse[]> {
  const entries = await imap.list(statusQuery ? { statusQuery } : {});
  return imap.enabled.has("UTF8=ACCEPT") ? entries : entries.map(correctName);
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
