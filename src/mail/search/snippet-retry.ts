/**
 * Snippets of emails whose first octets hold no words, such as newsletters with a long HTML head: one more round trip
 * for all of a list. PREVIEW (RFC 8970) is not used, because Dovecot 2.3 puts text into it that the sender hid.
 */

import type { ImapFlow } from "imapflow";
import type { CharsetHints } from "../../email/charset-guess.ts";
import { toEmailContents } from "../../email/email-contents.ts";
import type { Part } from "../../email/part.ts";
import { fetchRange } from "../../imap/fetch-many.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { snippetOctets } from "../../readable/snippet.ts";
import type { Access } from "../access.ts";

/** Octets of the text that are fetched: the heads of most newsletters end well before. */
const maxBytes = 8192;
/** Octets of the answer to one email besides its text. */
const answerBytes = 80;

/** Round trips, one for each part number among the emails. */
const maxFetches = 3;

export type MissingSnippet = {
  uid: number;
  root: Part;
  charsetHints: CharsetHints;
  set(snippet: string): void;
};

/** Sets the snippets of `rows`, newest first, as far as `octets` from the server allow. */
export async function fetchMissingSnippets(
  { renderer, signal }: Access,
  imap: ImapFlow,
  rows: readonly MissingSnippet[],
  octets: number,
  cache: MailboxCache,
): Promise<void> {
  const candidates = rows.flatMap(({ uid, root, charsetHints, set }) => {
    const part = longTextPart(root);
    return part && !cache.noSnippet.has(uid) ? [{ uid, part, charsetHints, set }] : [];
  });
  let left = octets;
  const taken = candidates.filter(({ part }) => {
    const size = Math.min(part.size, maxBytes) + answerBytes;
    if (size > left) return false;
    left -= size;
    return true;
  });
  // One FETCH asks for the same part of every email; it nearly always is the same.
  const groups = [...Map.groupBy(taken, ({ part }) => part.part)].sort(([, a], [, b]) => b.length - a.length);
  for (const [number, group] of groups.slice(0, maxFetches)) {
    const bytes = await fetchBeginnings(imap, cache, number, group);
    const beginnings = group.map(({ uid, charsetHints, part: { type, charset, encoding } }) => {
      // Some servers send more than they were asked for.
      const content = (bytes.get(uid) ?? Buffer.alloc(0)).subarray(0, maxBytes);
      return { type, charset, encoding, charsetHints, content };
    });
    const words = await renderer.firstWords(beginnings, signal);
    for (const [at, { uid, set }] of group.entries()) {
      if (words[at]) set(words[at]);
      else cache.noSnippet.set(uid, true);
    }
  }
}

/** The beginning of one part of each email. A refused email is missing, and stays without a snippet. */
async function fetchBeginnings(
  imap: ImapFlow,
  cache: MailboxCache,
  number: string,
  emails: readonly { uid: number }[],
): Promise<Map<number, Buffer | undefined>> {
  const query = { uid: true, bodyParts: [{ key: number, start: 0, maxLength: maxBytes }] };
  const range = emails.map(({ uid }) => uid).join(",");
  const fetched = (await fetchRange(imap, cache, range, "uid", query)) ?? [];
  return new Map(fetched.map((email) => [email.uid, email.bodyParts?.get(number)]));
}

/** The text part of an email that is longer than what a row fetched. */
function longTextPart(root: Part): Part | undefined {
  const { texts } = toEmailContents(root);
  return texts
    .map(({ html, plain }) => html ?? plain)
    .find((part) => part !== undefined && part.size > snippetOctets);
}
