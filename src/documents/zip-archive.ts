/** ZIP files (APPNOTE 6.3.10) and what is in them, never unpacked beyond a limit whatever they claim. */
import { Inflate } from "fflate";
import { createCursor } from "./byte-reader.ts";
import { decodeUnknown } from "./code-page.ts";
import { unpackPieces } from "./decompression.ts";
import { maxUnpackedBytes } from "./document-text.ts";

export type Member = {
  name: string;
  /** Unpacked, as the archive claims. */
  size: number;
  locked: boolean;
};

export type Archive = {
  members: readonly Member[];
  has(name: string): boolean;
  /** A member's text, UTF-8, as it is unpacked; nothing when it is not there. Throws when it is damaged. */
  xml(name: string): Iterable<string>;
  /** All of a small member's text. */
  text(name: string): string;
  /** Some member was larger than what was left of the limit, and was read in part. */
  wasCut(): boolean;
};

const mark = { end: 0x06054b50, entry: 0x02014b50, local: 0x04034b50 };
const maxMembers = 10_000;

type Entry = Member & { packed: number; method: number; start: number };

/** Throws when it is no ZIP, or one that is cut off. */
export function openArchive(bytes: Uint8Array): Archive {
  const entries = new Map(readDirectory(bytes).map((entry) => [entry.name, entry]));
  let left = maxUnpackedBytes;
  let cut = false;

  function* piecesOf(name: string): Generator<Uint8Array> {
    const entry = entries.get(name);
    if (!entry || entry.locked) return;
    const packed = packedBytes(bytes, entry);
    if (entry.method !== 0 && entry.method !== 8) throw new Error("packed in an unknown way");
    for (const piece of entry.method === 0 ? [packed] : unpackPieces(Inflate, packed)) {
      cut ||= piece.length > left;
      if (left <= 0) return;
      const taken = piece.subarray(0, left);
      left -= taken.length;
      yield taken;
    }
  }

  function* xmlOf(name: string): Generator<string> {
    const decoder = new TextDecoder();
    for (const piece of piecesOf(name)) yield decoder.decode(piece, { stream: true });
  }

  return {
    members: [...entries.values()],
    has: (name) => entries.has(name),
    xml: xmlOf,
    text: (name) => [...xmlOf(name)].join(""),
    wasCut: () => cut,
  };
}

/** The central directory, which says where the members are (section 4.3.12). */
function readDirectory(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  const cursor = createCursor(bytes.subarray(findDirectory(bytes)));
  while (cursor.long() === mark.entry && entries.length < maxMembers) {
    cursor.take(4);
    const flags = cursor.short();
    const method = cursor.short();
    cursor.take(8);
    const packed = cursor.long();
    const size = cursor.long();
    const [nameLength, extraLength, commentLength] = [cursor.short(), cursor.short(), cursor.short()];
    cursor.take(8);
    const start = cursor.long();
    // UTF-8 by the standard, the code page of their system by habit of older programs.
    const name = decodeUnknown(cursor.take(nameLength));
    cursor.take(extraLength + commentLength);
    entries.push({ name, size, locked: (flags & 1) === 1, packed, method, start });
  }
  return entries;
}

/** The record at the end, before a comment of any length (section 4.3.16). */
function findDirectory(bytes: Uint8Array): number {
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 65_557); at -= 1) {
    const cursor = createCursor(bytes.subarray(at));
    if (cursor.long() !== mark.end) continue;
    cursor.take(12);
    return cursor.long();
  }
  throw new Error("no end of a ZIP");
}

function packedBytes(bytes: Uint8Array, { start, packed }: Entry): Uint8Array {
  const cursor = createCursor(bytes.subarray(start));
  if (cursor.long() !== mark.local) throw new Error("no member where one should be");
  cursor.take(22);
  cursor.take(cursor.short() + cursor.short());
  // 0xffffffff where the true size stands elsewhere: what is packed knows its own end.
  return cursor.take(packed);
}
