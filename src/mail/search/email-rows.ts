/** Rows of a list, from one FETCH over many emails. */

import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import type { Address } from "../../email/address.ts";
import type { CharsetHints } from "../../email/charset-guess.ts";
import { type EmailContents, toEmailContents } from "../../email/email-contents.ts";
import { embeddedFiles, partsWithFiles } from "../../email/embedded-files.ts";
import {
  charsetHintsOf,
  decodeHeaderText,
  headerValue,
  parseAddresses,
  parseHeaders,
  toIsoDate,
} from "../../email/headers.ts";
import { charsetOf, emptyPart, type Part, toPart } from "../../email/part.ts";
import { threadHeaders, toThreadKeys } from "../../email/thread-keys.ts";
import { type FetchedMany, fetchMany, fetchRange, fetchSequence } from "../../imap/fetch-many.ts";
import { formatUtcTime, lowerCaseFlags, toLabels, toReceivedAt } from "../../imap/fetched-values.ts";
import { type MailboxCache, rememberEmail } from "../../imap/mailbox-cache.ts";
import { textPartNumbers } from "../../readable/body.ts";
import { snippetOctets, toSnippet } from "../../readable/snippet.ts";
import { mapInTurns } from "../../turns.ts";
import type { Access } from "../access.ts";
import type { EmailRow } from "../reading.ts";
import { fetchMissingSnippets, type MissingSnippet } from "./snippet-retry.ts";

/**
 * Raw header fields instead of ENVELOPE: they take half its octets, keep the date's offset, and keep raw 8-bit bytes
 * that are lost in the quoted strings of ENVELOPE. The first octets of BODY[1] spare a round trip for the snippet.
 */
export const rowQuery: FetchQueryObject = {
  uid: true,
  flags: true,
  size: true,
  internalDate: true,
  bodyStructure: true,
  // With these get_thread needs no round trip for the email itself.
  headers: ["from", "to", "subject", "date", "content-language", ...threadHeaders],
  threadId: true,
  labels: true,
  bodyParts: [{ key: "1", start: 0, maxLength: snippetOctets }],
};

export type FetchedRow = { uid: number; receivedAt: number; row: EmailRow };

/** `unreadable`: the emails that are there and could not be read. */
export type FetchedRows = { rows: FetchedRow[]; unreadable: { uid: number; id: string }[] };

/** Emails of the selected mailbox: by UID, by sequence number, or from a UID on. */
type RowSelection = { uids: readonly number[] } | { first: number; last: number } | { fromUid: number };

/** Octets that a list may fetch in all, snippets included: under 60 KB for 50 rows. */
const listOctets = (rows: number) => Math.max(57_000, 1_140 * rows);

/**
 * Rows of the selected mailbox, in the server's order. `share`, from 0 to 1, is the part of the list's octets that
 * these rows may use. Throws the refusal when no email can be read, and the failures of a connection.
 */
export async function fetchRows(
  access: Access,
  imap: ImapFlow,
  selection: RowSelection,
  cache: MailboxCache,
  share = 1,
): Promise<FetchedRows> {
  const before = imap.stats().received;
  const { emails, unreadable } = await fetchSelection(imap, cache, selection);
  const missing: MissingSnippet[] = [];
  const rows = await mapInTurns(emails, (email) => {
    const root = email.bodyStructure ? toPart(email.bodyStructure) : emptyPart;
    const { charsetHints, ...fetched } = toFetchedRow(access, imap, email, root, cache);
    const { row, uid } = fetched;
    const set: MissingSnippet["set"] = (snippet, byServer) => {
      row.snippet = snippet;
      row.preview = byServer ? true : undefined;
    };
    if (row.snippet === "") missing.push({ uid, root, charsetHints, set });
    return fetched;
  });
  const allowed = share * listOctets(rows.length);
  const newestFirst = missing.sort((a, b) => b.uid - a.uid);
  await fetchMissingSnippets(access, imap, newestFirst, allowed - (imap.stats().received - before), cache);
  return { rows, unreadable: unreadable.map((uid) => ({ uid, id: access.toId(imap, uid) })) };
}

async function fetchSelection(
  imap: ImapFlow,
  cache: MailboxCache,
  selection: RowSelection,
): Promise<FetchedMany> {
  if ("uids" in selection) return fetchMany(imap, cache, selection.uids, rowQuery);
  if ("first" in selection) return fetchSequence(imap, cache, selection, rowQuery);
  const emails = await fetchRange(imap, cache, `${selection.fromUid}:*`, "uid", rowQuery);
  return { emails: emails ?? [], unreadable: [] };
}

const nobody: Address = { address: "" };

/** True when an email arrived more than a day before or after its Date header, as after an import. */
function differsByDays(date: string, received: number): boolean {
  return received > 0 && Math.abs(Date.parse(date) - received) > 86_400_000;
}

function toFetchedRow(
  access: Access,
  imap: ImapFlow,
  email: FetchMessageObject,
  root: Part,
  cache: MailboxCache,
): FetchedRow & { charsetHints: CharsetHints } {
  const headers = parseHeaders(email.headers ?? Buffer.alloc(0), charsetOf(root));
  const received = toReceivedAt(email);
  const flags = lowerCaseFlags(email);
  const id = access.toId(imap, email.uid);
  const contents = toEmailContents(root);
  const subject = decodeHeaderText(headerValue(headers, "subject"));
  const links = toThreadKeys(headers, subject, email.threadId);
  rememberEmail(cache, email.uid, { parts: textPartNumbers(contents), links });
  const date = toIsoDate(headerValue(headers, "date")) ?? formatUtcTime(received);
  const charsetHints = charsetHintsOf(headers);
  const beginning = email.bodyParts?.get("1");
  const row: EmailRow = {
    id,
    from: parseAddresses(headerValue(headers, "from"))[0] ?? nobody,
    to: parseAddresses(headerValue(headers, "to")).slice(0, 20),
    subject,
    date,
    mailbox: imap.mailbox ? imap.mailbox.path : "",
    labels: toLabels(email),
    unread: !flags.has("\\seen"),
    flagged: flags.has("\\flagged"),
    answered: flags.has("\\answered"),
    deleted: flags.has("\\deleted") || undefined,
    arrived: differsByDays(date, received) ? formatUtcTime(received) : undefined,
    attachments: countAttachments(contents) + countFilesInText(contents, beginning),
    size: email.size ?? 0,
    snippet: toSnippet(beginning, root, charsetHints),
  };
  return { uid: email.uid, receivedAt: received, row, charsetHints };
}

/** Number of attachments as mail programs count them: without inline pictures and files inside attached emails. */
function countAttachments({ attachments }: EmailContents): number {
  return attachments.filter((attached) => !attached.inline && attached.inside === undefined).length;
}

/** The files that begin in the first octets of plain text (uuencode, yEnc). */
function countFilesInText(contents: EmailContents, beginning: Buffer | undefined): number {
  const first = partsWithFiles(contents).find(({ part }) => part === "1");
  return first && beginning ? embeddedFiles(first, beginning).length : 0;
}
