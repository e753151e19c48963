/**
 * Snippets of emails whose first octets hold no words, such as newsletters with a long HTML head: one more round trip
 * for all of a list, and a second one where a head is longer still.
 */

import type { ImapFlow } from "imapflow";
import type { CharsetHints } from "../../email/charset-guess.ts";
import { toEmailContents } from "../../email/email-contents.ts";
import type { Part } from "../../email/part.ts";
import { type Beginning, fetchBeginnings, offersPreviews } from "../../imap/fetch-beginnings.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { shortenPreview, snippetOctets } from "../../readable/snippet.ts";
import type { Access } from "../access.ts";

/** Octets of the text that are fetched: the heads of most newsletters end well before. */
const usualBytes = 8_192;
/** Octets for a head with the style sheets of a whole framework, where the usual number holds no words. */
const longBytes = 32_768;
/** Octets of the answer to one email besides its text. */
const answerBytes = 80;
/** Octets that are reckoned for a preview of 200 to 256 characters with its answer. */
const previewBytes = 330;

/** Commands, one for each part number among the emails. */
const maxFetches = 3;

export type MissingSnippet = {
  uid: number;
  root: Part;
  charsetHints: CharsetHints;
  /** `byServer`: the words are the mail server's preview, which may be hidden where the email is read. */
  set(snippet: string, byServer: boolean): void;
};

type Candidate = Omit<MissingSnippet, "root"> & { part: Part };

type FoundBeginnings = {
  emails: readonly Candidate[];
  found: ReadonlyMap<number, Beginning>;
  /** The rows without words so far. */
  missing: Set<Candidate>;
};

/**
 * Sets the snippets of `rows`, newest first, as far as `octets` from the server allow. Rows that get no words of their
 * own get the server's preview (RFC 8970) where it has them: Dovecot 2.3 puts text into it that the sender hid, so it
 * stands in for nothing else.
 */
export async function fetchMissingSnippets(
  access: Access,
  imap: ImapFlow,
  rows: readonly MissingSnippet[],
  octets: number,
  cache: MailboxCache,
): Promise<void> {
  const candidates = rows.flatMap(({ uid, root, charsetHints, set }) => {
    const part = unreadTextPart(root);
    return part && !cache.noSnippet.has(uid) ? [{ uid, part, charsetHints, set }] : [];
  });
  const take = createBudget(octets);
  const hasPreviews = offersPreviews(imap);
  const previewed = hasPreviews ? candidates.filter(() => take(previewBytes)) : [];
  const lengthFor = ({ uid }: Candidate) => (cache.longHead.has(uid) ? longBytes : usualBytes);
  const begun = candidates.filter((candidate) => {
    const length = Math.min(candidate.part.size, lengthFor(candidate));
    return !cache.noWords.has(candidate.uid) && take(length + answerBytes);
  });
  const uids = previewed.map(({ uid }) => uid);
  const found = await fetchBeginnings(imap, toPartRanges(begun, 0, lengthFor), uids);
  const missing = new Set(candidates);
  const open = await setWords(access, { emails: begun, found, missing });
  const unread = hasPreviews
    ? open
    : await readLongHeads(access, imap, { emails: open, found, missing, take, cache });
  for (const { uid } of unread) cache.noWords.set(uid, true);
  for (const { uid, set } of missing) {
    const preview = shortenPreview(found.get(uid)?.preview ?? "");
    if (preview !== "") set(preview, true);
    else if (cache.noWords.has(uid)) cache.noSnippet.set(uid, true);
  }
}

/** Reads on where the usual octets are all head. Returns the emails that have no words even so. */
async function readLongHeads(
  access: Access,
  imap: ImapFlow,
  unread: FoundBeginnings & { take: (octets: number) => boolean; cache: MailboxCache },
): Promise<Candidate[]> {
  const { emails, found, missing, take, cache } = unread;
  const isLong = ({ uid, part }: Candidate) => part.size > usualBytes && !cache.longHead.has(uid);
  const long = emails.filter(isLong);
  const read = long.filter(({ part }) => take(Math.min(part.size, longBytes) - usualBytes + answerBytes));
  const more = await fetchBeginnings(
    imap,
    toPartRanges(read, usualBytes, () => longBytes),
    [],
  );
  const whole = new Map(
    [...more].map(([uid, { octets = empty }]) => [
      uid,
      { octets: Buffer.concat([found.get(uid)?.octets ?? empty, octets]) },
    ]),
  );
  const open = await setWords(access, { emails: read, found: whole, missing });
  const short = emails.filter((email) => !long.includes(email));
  // The next list asks for all of it at once, as far as its budget allows.
  for (const { uid } of long) cache.longHead.set(uid, true);
  return [...short, ...open];
}

const empty = Buffer.alloc(0);

/** Returns a function that tells if so many octets are left, and takes them. */
function createBudget(octets: number): (wanted: number) => boolean {
  let left = octets;
  return (wanted) => {
    if (wanted > left) return false;
    left -= wanted;
    return true;
  };
}

/** One range for all emails with the same part number; it nearly always is the same. */
function toPartRanges(emails: readonly Candidate[], start: number, endFor: (email: Candidate) => number) {
  const groups = Map.groupBy(emails, (email) => `${endFor(email)} ${email.part.part}`);
  return [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .slice(0, maxFetches)
    .flatMap((group) => {
      const [email] = group;
      return email
        ? [{ uids: group.map(({ uid }) => uid), part: email.part.part, start, end: endFor(email) }]
        : [];
    });
}

/** Sets the words of the emails whose octets are there, which are missing no more. Returns those that have none. */
async function setWords(
  { renderer, signal }: Access,
  { emails, found, missing }: FoundBeginnings,
): Promise<Candidate[]> {
  const read = emails.flatMap((email) => {
    const content = found.get(email.uid)?.octets;
    return content ? [{ email, content }] : [];
  });
  const words = await renderer.firstWords(
    read.map(({ email: { charsetHints, part }, content }) => {
      const { type, charset, encoding } = part;
      return { type, charset, encoding, charsetHints, content };
    }),
    signal,
  );
  for (const [at, { email }] of read.entries()) {
    if (!words[at]) continue;
    email.set(words[at], false);
    missing.delete(email);
  }
  return read.filter((_, at) => !words[at]).map(({ email }) => email);
}

/** The first text or calendar of an email that is more than what a row fetched: BODY[1], of which it has the beginning. */
function unreadTextPart(root: Part): Part | undefined {
  const { texts, calendars } = toEmailContents(root);
  return [...texts.map(({ html, plain, other }) => html ?? plain ?? other), ...calendars].find(
    (part) => part !== undefined && part.size > (part.part === "1" ? snippetOctets : 0),
  );
}
