/** The people to whom a person has written, as their own Sent mailbox shows it. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { isOwnMessageId } from "../../compose/preview.ts";
import { domainOfAddress } from "../../email/address-domain.ts";
import { toOrganizationalDomain } from "../../email/organizational-domain.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { atom, type SearchToken, searchString } from "../../imap/raw-search.ts";
import { readFresh } from "../../imap/sync.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import type { Access } from "../access.ts";
import { knownMailboxes } from "../mailboxes.ts";

/** Emails to one address that are looked at, the oldest: those may not be ours. */
const maxLookedAt = 200;

/**
 * Returns those of the addresses, in lower case, to which the person has written: an email in Sent, from one of the
 * `own` addresses, that this server did not put there. Emails of others that were moved into Sent prove nothing.
 * `@example.org` stands for every address of an organizational domain.
 */
export async function findWrittenTo(
  access: Access,
  addresses: readonly string[],
  own: readonly string[],
): Promise<Set<string>> {
  const sent = await access.read(undefined, async (imap) =>
    (await knownMailboxes(imap)).find(({ role }) => role === "sent"),
  );
  const written = new Set<string>();
  if (!sent) return written;
  await access.read(sent.path, async (imap) => {
    for (const address of new Set(addresses.map((each) => each.toLowerCase())))
      if (!written.has(address) && (await hasWritten(imap, own, address))) written.add(address);
  });
  return written;
}

/** Own addresses from which is searched. */
const maxOwn = 5;

async function hasWritten(imap: ImapFlow, own: readonly string[], address: string): Promise<boolean> {
  for (const from of own.slice(0, maxOwn)) {
    const uids = await readFresh(imap, () => uidSearch(imap, toKeys(from, address)));
    if (uids.length === 0) continue;
    const query = { uid: true, envelope: true };
    const emails = await fetchByUid(imap, toUidSet(uids.slice(0, maxLookedAt)), query);
    if (emails.some((email) => isWrittenBy(email, from) && namesRecipient(email, address))) return true;
  }
  return false;
}

/** `OR TO x OR CC x BCC x`, from one own address. Of a domain, the addresses of hosts in it count, too. */
function toKeys(from: string, address: string): SearchToken[] {
  const field = (name: string) => [atom(name), searchString(address.replace(/^@/, ""))];
  return [
    ...[atom("FROM"), searchString(from)],
    ...[atom("OR"), ...field("TO"), atom("OR"), ...field("CC"), ...field("BCC")],
  ];
}

function isWrittenBy({ envelope }: FetchMessageObject, own: string): boolean {
  const [from, ...others] = envelope?.from ?? [];
  const isOwn = from?.address?.toLowerCase() === own.toLowerCase() && others.length === 0;
  // An email that this server sent proves nothing about the person.
  return isOwn && !isOwnMessageId(envelope?.messageId);
}

/** SEARCH finds parts of addresses, too. */
function namesRecipient({ envelope }: FetchMessageObject, address: string): boolean {
  const all = [...(envelope?.to ?? []), ...(envelope?.cc ?? []), ...(envelope?.bcc ?? [])];
  const isWanted = address.startsWith("@")
    ? (recipient: string) => `@${toOrganizationalDomain(domainOfAddress(recipient))}` === address
    : (recipient: string) => recipient.toLowerCase() === address;
  return all.some((recipient) => recipient.address !== undefined && isWanted(recipient.address));
}
