/** A person's own addresses as their sent mail proves them, with the name and signature of each. */
import type { FetchMessageObject, ImapFlow } from "imapflow";
import type { Composer } from "../../compose/composer.ts";
import { toBareAddress, toDisplayName } from "../../compose/recipients.ts";
import { recurringSignature } from "../../compose/signature.ts";
import { headerValue, parseAddresses, parseHeaders } from "../../email/headers.ts";
import { AppError } from "../../errors.ts";
import { fetchBySequence, fetchByUid } from "../../imap/fetch.ts";
import { requireSelected } from "../../imap/select.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import type { Access } from "../access.ts";
import { recentMailboxes } from "../mailboxes.ts";
import type { KeptProfile, Sender, SenderProfile } from "./kept-profiles.ts";

/** Emails in Sent whose From is read, and those whose text is read for signatures: the newest. */
const newest = 150;
const maxTexts = 12;
/** Octets of an email in which its signature is looked for; it stands above the quote. */
const textBytes = 40_000;

/** Header fields that a server gives to received mail: such an email was moved into Sent, and proves nothing. */
const receivedFields = ["delivered-to", "return-path", "x-original-to", "authentication-results"];
/** The Message-IDs that this server gives; its own emails say nothing new about the person. */
const ownMessageId = /^<[0-9a-f]{32}@/;

/** An email that the person sent. */
type SentEmail = { uid: number; from: { address: string; name?: string } };

/** Reads the profile out of the Sent mailbox: two round trips besides LIST and SELECT. */
async function readSenderProfile(access: Access, composer: Composer): Promise<SenderProfile> {
  const sent = await access.read(undefined, async (imap) =>
    (await recentMailboxes(imap)).find(({ role }) => role === "sent"),
  );
  if (!sent) return { senders: [] };
  const { emails, sources } = await access.read(sent.path, readSent);
  const signatures = await composer.findSignatures(
    sources.map(({ source }) => source),
    access.signal,
  );
  const byAddress = Map.groupBy(emails, ({ from }) => from.address.toLowerCase());
  return {
    senders: [...byAddress.values()].flatMap(([last, ...earlier]): Sender[] => {
      if (!last) return [];
      const own = new Set([last, ...earlier].map(({ uid }) => uid));
      const named = [last, ...earlier].find(({ from }) => from.name !== undefined);
      return [
        {
          address: last.from.address,
          name: named?.from.name,
          signature: recurringSignature(signatures.filter((_, at) => own.has(sources[at]?.uid ?? 0))),
        },
      ];
    }),
  };
}

/** The newest emails of the selected mailbox that the person sent, newest first, and the sources of some. */
async function readSent(
  imap: ImapFlow,
): Promise<{ emails: SentEmail[]; sources: { uid: number; source: Buffer }[] }> {
  const { exists } = requireSelected(imap);
  if (exists === 0) return { emails: [], sources: [] };
  const query = { uid: true, headers: ["from", "message-id", ...receivedFields] };
  const fetched = await fetchBySequence(imap, `${Math.max(1, exists - newest + 1)}:*`, query);
  const emails = fetched.sort((a, b) => b.uid - a.uid).flatMap(toSentEmail);
  const uids = emails.slice(0, maxTexts).map(({ uid }) => uid);
  if (uids.length === 0) return { emails, sources: [] };
  const texts = await fetchByUid(imap, toUidSet(uids), {
    uid: true,
    source: { start: 0, maxLength: textBytes },
  });
  const sources = texts
    .sort((a, b) => b.uid - a.uid)
    .map(({ uid, source }) => ({ uid, source: source ?? Buffer.alloc(0) }));
  return { emails, sources };
}

function toSentEmail({ uid, headers: raw }: FetchMessageObject): SentEmail[] {
  const headers = parseHeaders(raw ?? Buffer.alloc(0));
  const isReceived = receivedFields.some((name) => headerValue(headers, name) !== undefined);
  const isOurs = ownMessageId.test(headerValue(headers, "message-id")?.trim() ?? "");
  const [from, ...others] = parseAddresses(headerValue(headers, "from"));
  const address = toBareAddress(from?.address ?? "");
  if (isReceived || isOurs || !address || others.length > 0) return [];
  return [{ uid, from: { address, name: toDisplayName(from?.name) } }];
}

/**
 * The own addresses that sent mail proves: kept ones, otherwise read now. Empty when the server fails, since an email can
 * be written without them.
 */
export async function findProfile(
  access: Access,
  composer: Composer,
  profile: KeptProfile,
): Promise<Sender[]> {
  const kept = profile.read();
  if (kept) return kept.senders;
  try {
    const found = await readSenderProfile(access, composer);
    profile.keep(found);
    return found.senders;
  } catch (error) {
    if (error instanceof AppError && !access.signal.aborted) return [];
    throw error;
  }
}
