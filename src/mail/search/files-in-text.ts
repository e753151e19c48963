/** Searches for files inside plain text (uuencode, yEnc), which BODYSTRUCTURE does not list. */

import type { ImapFlow } from "imapflow";
import { toEmailContents } from "../../email/email-contents.ts";
import { embeddedFiles, partsWithFiles } from "../../email/embedded-files.ts";
import type { Part } from "../../email/part.ts";
import { fetchMany } from "../../imap/fetch-many.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { atom, ignoreRefusal } from "../../imap/raw-search.ts";
import { toSearchKeys } from "../../imap/search-keys.ts";
import { uidSearch } from "../../imap/uid-search.ts";
import type { Query } from "../../query/query.ts";
import { createTurns } from "../../turns.ts";
import { matchesFiles } from "./attachment-match.ts";

/** The first characters of the line before a file: `begin 644 name`, `begin-base64 644 name`, `=ybegin line=128 …`. */
const beginnings: Query = {
  kind: "any",
  of: ["begin 6", "begin-base64 6", "=ybegin "].map((text) => ({ kind: "field", field: "body", text })),
};

/**
 * Emails with plain text alone that are searched, the newest: without an index a server reads each of them, and files
 * inside text are rare since MIME.
 */
const maxSearched = 500;
/** Emails whose text is fetched at most to see which files are in it; prose seldom has such a line. */
const maxTexts = 50;
/** Octets of a text in which a file must begin. */
const maxTextOctets = 65_536;

/** Transfer encodings that mail servers do not decode to search in them. */
const isDeclared = /uue|uuencode|yenc/i;

export type PlainTextEmail = { uid: number; part: Part };

/** The text of an email in which files may be: of one with plain text alone. */
export function textWithFiles(root: Part): Part | undefined {
  const contents = toEmailContents(root);
  const [part, ...others] = contents.attachments.length === 0 ? partsWithFiles(contents) : [];
  return part && others.length === 0 && part.size > 0 ? part : undefined;
}

/** The UIDs among the newest of `emails` that match `term`, has:attachment or filename:, by a file inside their text. */
export async function filterByFilesInText(
  imap: ImapFlow,
  cache: MailboxCache,
  term: Query,
  emails: readonly PlainTextEmail[],
): Promise<number[]> {
  if (emails.length === 0) return [];
  const newest = emails.toSorted((a, b) => a.uid - b.uid).slice(-maxSearched);
  const uids = { type: "SEQUENCE" as const, value: newest.map(({ uid }) => uid).join(",") };
  const keys = [atom("UID"), uids, ...toSearchKeys(beginnings)];
  // A server that cannot search texts leaves the answer to the structure.
  const hits = new Set((await uidSearch(imap, keys).catch(ignoreRefusal)) ?? []);
  const found = newest
    .filter(({ uid, part }) => hits.has(uid) || isDeclared.test(part.encoding ?? ""))
    .slice(-maxTexts);
  const matches: number[] = [];
  const letOthersIn = createTurns();
  for (const [key, group] of Map.groupBy(found, ({ part }) => part.part)) {
    const query = { uid: true, bodyParts: [{ key, start: 0, maxLength: maxTextOctets }] };
    const fetched = await fetchMany(
      imap,
      cache,
      group.map(({ uid }) => uid),
      query,
    );
    const parts = new Map(group.map(({ uid, part }) => [uid, part]));
    for (const { uid, bodyParts } of fetched.emails) {
      const part = parts.get(uid);
      const octets = bodyParts?.get(key);
      if (part && octets && matchesFiles(embeddedFiles(part, octets), term)) matches.push(uid);
      await letOthersIn();
    }
  }
  return matches;
}
