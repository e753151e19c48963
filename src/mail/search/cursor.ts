/**
 * Cursors: the position after which a list continues, as an opaque string. It names emails instead of an offset, so
 * that arriving mail neither repeats nor skips a row. A model reads and copies it, so it is short: numbers and digests
 * separated by points, and no text of the account.
 */
import { AppError } from "../../errors.ts";

/** The email after which one mailbox continues. */
export type Position = {
  /** `mailboxKeyOf` its path. */
  mailbox: string;
  /** UIDVALIDITY as decimal digits. */
  validity: string;
  uid: number;
  /** INTERNALDATE of that email, in milliseconds: finds the position after the email was moved or erased. */
  receivedAt: number;
};

/** The sort key of an email in a search over several mailboxes. */
type SortKey = Pick<Position, "mailbox" | "uid" | "receivedAt">;

/** Newest first; emails of two mailboxes with the same second and UID are ordered by mailbox key, always alike. */
export const compareNewestFirst = (a: SortKey, b: SortKey) =>
  b.receivedAt - a.receivedAt ||
  b.uid - a.uid ||
  (a.mailbox < b.mailbox ? -1 : Number(a.mailbox > b.mailbox));

export type Cursor =
  | { kind: "list"; at: Position }
  | {
      kind: "search";
      /** The last email shown, of whichever mailbox: every email after it is still to be shown. */
      last: SortKey;
      /** The last email shown of some mailboxes: a UID is found faster than a date. */
      at: Position[];
    };

const kinds = { list: "l", search: "s" } as const;

/** A short key that tells the mailboxes of one account apart. It does not protect the name. */
export function mailboxKeyOf(path: string): string {
  return Bun.hash.xxHash32(path).toString(36);
}

/** A checksum over the request and the cursor's fields: detects a cursor of another request or a copying error. */
const checksum = (question: string, fields: readonly string[]) =>
  Bun.hash(JSON.stringify([question, ...fields])).toString(36);

/** Encodes a cursor. `question` identifies the request, so that the cursor is refused for any other. */
export function toCursor(cursor: Cursor, question: string): string {
  const positions = cursor.kind === "list" ? [cursor.at] : cursor.at;
  const fields = [
    kinds[cursor.kind],
    ...(cursor.kind === "search" ? [cursor.last.mailbox, ...toNumberFields(cursor.last)] : []),
    ...positions.flatMap((at) => [at.mailbox, at.validity, ...toNumberFields(at)]),
  ];
  return [...fields, checksum(question, fields)].join(".");
}

/** Decodes a cursor. Throws cursor_expired for anything but a cursor of this kind and `question`. */
export function fromCursor<Kind extends Cursor["kind"]>(
  text: string,
  kind: Kind,
  question: string,
): Extract<Cursor, { kind: Kind }> {
  const fields = text.split(".");
  const given = fields.pop();
  const [kindField, ...rest] = fields;
  const cursor = kindField === kinds[kind] ? parseFields(kind, rest) : undefined;
  if (!cursor) throw new AppError("cursor_expired", "This is not a cursor of this tool.");
  if (given !== checksum(question, fields))
    throw new AppError("cursor_expired", "The cursor belongs to another question, or was not copied whole.", {
      hint: "Repeat the same arguments with the cursor, or start again without it.",
    });
  return cursor as Extract<Cursor, { kind: Kind }>;
}

function parseFields(kind: Cursor["kind"], fields: readonly string[]): Cursor | undefined {
  if (kind === "list") {
    const [at, ...others] = parsePositions(fields) ?? [];
    return at && others.length === 0 ? { kind, at } : undefined;
  }
  const [mailbox, uid, receivedAt, ...positions] = fields;
  const last = parseNumbers(uid, receivedAt);
  const at = parsePositions(positions);
  return mailbox && last && at ? { kind, last: { mailbox, ...last }, at } : undefined;
}

/** Undefined when one of the positions is malformed. */
function parsePositions(fields: readonly string[]): Position[] | undefined {
  const positions: Position[] = [];
  for (let from = 0; from < fields.length; from += 4) {
    const [mailbox, validity, uid, receivedAt] = fields.slice(from, from + 4);
    const numbers = parseNumbers(uid, receivedAt);
    if (!mailbox || !validity || !numbers || !/^\d{1,20}$/.test(validity)) return undefined;
    positions.push({ mailbox, validity, ...numbers });
  }
  return positions;
}

const toNumberFields = ({ uid, receivedAt }: { uid: number; receivedAt: number }) => [
  uid.toString(36),
  receivedAt.toString(36),
];

function parseNumbers(uid = "", receivedAt = ""): { uid: number; receivedAt: number } | undefined {
  if (!/^[0-9a-z]{1,10}$/.test(uid) || !/^-?[0-9a-z]{1,10}$/.test(receivedAt)) return undefined;
  const numbers = { uid: Number.parseInt(uid, 36), receivedAt: Number.parseInt(receivedAt, 36) };
  return numbers.uid > 0 ? numbers : undefined;
}
