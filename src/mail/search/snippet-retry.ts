/**
 * The first words of those emails of a list that begin with no words: HTML with a long head, as newsletters have it.
 * One further round trip for all of them, none for a list without. Not by PREVIEW (RFC 8970): what servers make of an
 * email shows what its sender hid (Dovecot 2.3).
 */
import type { ImapFlow } from "imapflow";
import { toEmailContents } from "../../email/email-contents.ts";
import type { Part } from "../../email/part.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { snippetBytes, toWords } from "../../readable/snippet.ts";

/** Octets of the text looked at: the heads of most newsletters end well before. */
const lookBytes = 8192;
/** What the answer to one email costs besides. */
const answerBytes = 80;

export type MissingSnippet = { uid: number; root: Part; show(snippet: string): void };

/** `blanks` newest first: as many of them as `octets` from the server allow. */
export async function fetchMissingSnippets(
  imap: ImapFlow,
  blanks: readonly MissingSnippet[],
  octets: number,
  cache: MailboxCache,
): Promise<void> {
  const candidates = blanks.flatMap(({ uid, root, show }) => {
    const part = textOf(root);
    return part && !cache.noSnippet.has(uid) ? [{ uid, part, show }] : [];
  });
  // One FETCH asks the same part of all; it is nearly always the same.
  const groups = Map.groupBy(candidates, ({ part }) => part.part);
  const [number, group] = [...groups].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [];
  if (number === undefined || group === undefined) return;
  let left = octets;
  const taken = group.filter(({ part }) => {
    left -= Math.min(part.size, lookBytes) + answerBytes;
    return left >= 0;
  });
  if (taken.length === 0) return;
  const query = { uid: true, bodyParts: [{ key: number, start: 0, maxLength: lookBytes }] };
  const emails = await imap.fetchAll(taken.map(({ uid }) => uid).join(","), query, { uid: true });
  const bytes = new Map(emails.map((email) => [email.uid, email.bodyParts?.get(number)]));
  for (const { uid, part, show } of taken) {
    const content = bytes.get(uid);
    // A server may send more than it was asked for.
    const words = content ? toWords({ ...part, content: content.subarray(0, lookBytes) }) : "";
    if (words === "") cache.noSnippet.set(uid, true);
    else show(words);
  }
}

/** The text of an email, when there is more of it than a row has seen. */
function textOf(root: Part): Part | undefined {
  const { texts } = toEmailContents(root);
  return texts
    .map(({ html, plain }) => html ?? plain)
    .find((part) => part !== undefined && part.size > snippetBytes);
}
