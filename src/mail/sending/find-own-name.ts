/** The name a person writes under, so that an email of ours comes from "Ann Lee" as their others do. */
import type { ImapFlow } from "imapflow";
import { toDisplayName } from "../../compose/recipients.ts";
import { knownMailboxes } from "../mailboxes.ts";

/** How many of the newest emails in Sent are looked at: a person has several addresses and programs. */
const newest = 20;

/** Looks for what stands beside the address in the newest email in Sent that has something there. */
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
