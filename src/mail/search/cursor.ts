/**
 * Cursors: where a list goes on, as an opaque string. Keyed on emails, never on offsets, so that mail may arrive. Short,
 * since a model reads each and writes it again: numbers and digests between points, no text of anybody's.
 */
import { AppError } from "../../errors.ts";

/** After which email one mailbox goes on. */
export type Position = {
  /** `mailboxKeyOf` the mailbox. */
  place: string;
  /** UIDVALIDITY, digits. */
  validity: string;
  uid: number;
  /** INTERNALDATE of that email, milliseconds: finds the place when the email itself is gone. */
  receivedAt: number;
};

/** An email of a search over several mailboxes. */
export type Shown = Pick<Position, "place" | "uid" | "receivedAt">;

/** Newest first. Emails of two mailboxes may share second and number: which mailbox is first never changes. */
export const inOrder = (a: Shown, b: Shown) =>
  b.receivedAt - a.receivedAt || b.uid - a.uid || (a.place < b.place ? -1 : Number(a.place > b.place));

export type Cursor =
  | { kind: "list"; at: Position }
  | {
      kind: "search";
      /** The last email shown, whichever mailbox it was in: everything that comes after it is still to come. */
      last: Shown;
      /** The last email shown of some mailboxes, which is found faster than a date. */
      at: Position[];
    };

const kinds = { list: "l", search: "s" } as const;

/** To recognise a mailbox among one account's, not to protect its name. */
export function mailboxKeyOf(path: string): string {
  return Bun.hash.xxHash32(path).toString(36);
}

/** Holds a cursor to its question, and to every letter of itself. */
const seal = (question: string, fields: readonly string[]) =>
  Bun.hash(JSON.stringify([question, ...fields])).toString(36);

/** `question` is what was asked, so that the cursor cannot be used for another. */
export function toCursor(cursor: Cursor, question: string): string {
  const positions = cursor.kind === "list" ? [cursor.at] : cursor.at;
  const fields = [
    kinds[cursor.kind],
    ...(cursor.kind === "search" ? [cursor.last.place, ...fromNumbers(cursor.last)] : []),
    ...positions.flatMap((at) => [at.place, at.validity, ...fromNumbers(at)]),
  ];
  return [...fields, seal(question, fields)].join(".");
}

/** The cursor again. Throws cursor_expired for anything else than a cursor to the same question. */
export function fromCursor<Kind extends Cursor["kind"]>(
  text: string,
  kind: Kind,
  question: string,
): Extract<Cursor, { kind: Kind }> {
  const fields = text.split(".");
  const sealed = fields.pop();
  const [letter, ...rest] = fields;
  const cursor = letter === kinds[kind] ? toValue(kind, rest) : undefined;
  if (!cursor) throw new AppError("cursor_expired", "This is not a cursor of this tool.");
  if (sealed !== seal(question, fields))
    throw new AppError("cursor_expired", "The cursor belongs to another question, or was not copied whole.", {
      hint: "Repeat the same arguments with the cursor, or start again without it.",
    });
  return cursor as Extract<Cursor, { kind: Kind }>;
}

function toValue(kind: Cursor["kind"], fields: readonly string[]): Cursor | undefined {
  if (kind === "list") {
    const [at, ...others] = toPositions(fields) ?? [];
    return at && others.length === 0 ? { kind, at } : undefined;
  }
  const [place, uid, receivedAt, ...positions] = fields;
  const last = toNumbers(uid, receivedAt);
  const at = toPositions(positions);
  return place && last && at ? { kind, last: { place, ...last }, at } : undefined;
}

/** Undefined when one of them is none. */
function toPositions(fields: readonly string[]): Position[] | undefined {
  const positions: Position[] = [];
  for (let from = 0; from < fields.length; from += 4) {
    const [place, validity, uid, receivedAt] = fields.slice(from, from + 4);
    const numbers = toNumbers(uid, receivedAt);
    if (!place || !validity || !numbers || !/^\d{1,20}$/.test(validity)) return undefined;
    positions.push({ place, validity, ...numbers });
  }
  return positions;
}

const fromNumbers = ({ uid, receivedAt }: { uid: number; receivedAt: number }) => [
  uid.toString(36),
  receivedAt.toString(36),
];

function toNumbers(uid = "", receivedAt = ""): { uid: number; receivedAt: number } | undefined {
  if (!/^[0-9a-z]{1,10}$/.test(uid) || !/^-?[0-9a-z]{1,10}$/.test(receivedAt)) return undefined;
  const numbers = { uid: Number.parseInt(uid, 36), receivedAt: Number.parseInt(receivedAt, 36) };
  return numbers.uid > 0 ? numbers : undefined;
}
