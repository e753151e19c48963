/** The display name that a person sends under, so that our emails carry the same From as their others. */
import type { ImapFlow } from "imapflow";
import { toDisplayName } from "../../compose/recipients.ts";
import { knownMailboxes } from "../mailboxes.ts";

/** Number of the newest emails in Sent that are read: a person may use several addresses and mail programs. */
const newest = 20;

/** Finds the name beside `address` in the newest email in Sent that has one; undefined when none has. */
export function createOwnNameFinder(address: string) {
  return async function findOwnName(imap: ImapFlow): Promise<string | undefined> {
    const sent = (await knownMailboxes(imap)).find(({ role }) => role === "sent");
    if (!sent) return undefined;
    const { exists } = await imap.mailboxOpen(sent.path, { readOnly: true });
    if (exists === 0) return undefined;
    const emails = await imap.fetchAll(`${Math.max(1, exists - newest + 1)}:*`, { envelope: true });
    return emails
      .toReversed()
      .flatMap(({ envelope }) => envelope?.from ?? [])
      .filter((from) => from.address?.toLowerCase() === address.toLowerCase())
      .flatMap((from) => toDisplayName(from.name) ?? [])[0];
  };
}
