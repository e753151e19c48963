/**
 * What an S/MIME signature is wrapped around (RFC 5652 section 5): the signed content, out of DER or BER, which writes
 * it in pieces without saying how long it is. Nothing is verified here. Never throws; of bytes that are cut it gives
 * what is there.
 */

type Item = { tag: number; start: number; end: number };

const tags = { octets: 0x04, octetsInPieces: 0x24, objectId: 0x06, sequence: 0x30, wrapped: 0xa0 };
/** 1.2.840.113549.1.7.2 */
const signedData = "2a864886f70d010702";
const maxDepth = 20;

/** Undefined when it is no signature, or one that stands apart from what it signs. */
export function signedContent(bytes: Uint8Array): Uint8Array | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = itemAt(file, 0, file.length);
  const [type, content] = inside(file, whole, tags.sequence);
  if (!type || file.toString("hex", type.start, type.end) !== signedData) return undefined;
  const [signed] = inside(file, content, tags.wrapped);
  // Version, digest algorithms, what is signed.
  const [, , signedPart] = inside(file, signed, tags.sequence);
  const [, wrapped] = inside(file, signedPart, tags.sequence);
  const [octets] = inside(file, wrapped, tags.wrapped);
  return octets && Buffer.concat(piecesOf(file, octets, 0));
}

/** The items directly in one that has this tag; at most the three that are looked at. */
function inside(file: Buffer, item: Item | undefined, tag: number): Item[] {
  const found: Item[] = [];
  if (item?.tag !== tag) return found;
  for (let at = item.start; at < item.end && found.length < 3; ) {
    const next = itemAt(file, at, item.end);
    if (!next) break;
    found.push(next);
    // The third is the last one looked at: where it ends does not matter.
    at = found.length < 3 ? endOf(file, next, 0) : item.end;
  }
  return found;
}

/** Of one that does not say how long it is, `end` is where what holds it ends (X.690 section 8.1.3.6). */
function itemAt(file: Buffer, at: number, limit: number): Item | undefined {
  const [tag, length] = file.subarray(at, Math.min(at + 2, limit));
  // Two zeroes end what has no length.
  if (tag === undefined || length === undefined || (tag === 0 && length === 0)) return undefined;
  if (length === 0x80) return { tag, start: at + 2, end: limit };
  if (length < 0x80) return { tag, start: at + 2, end: Math.min(at + 2 + length, limit) };
  const size = length & 0x7f;
  if (size > 6 || at + 2 + size > limit) return undefined;
  const start = at + 2 + size;
  return { tag, start, end: Math.min(start + file.readUIntBE(at + 2, size), limit) };
}

/** Where the next item begins. */
function endOf(file: Buffer, item: Item, depth: number): number {
  if (file[item.start - 1] !== 0x80 || depth > maxDepth) return item.end;
  let at = item.start;
  for (let next = itemAt(file, at, item.end); next; next = itemAt(file, at, item.end))
    at = endOf(file, next, depth + 1);
  return Math.min(at + 2, item.end);
}

function piecesOf(file: Buffer, item: Item, depth: number): Buffer[] {
  if (item.tag === tags.octets) return [file.subarray(item.start, item.end)];
  if (item.tag !== tags.octetsInPieces || depth > maxDepth) return [];
  const pieces: Buffer[] = [];
  let at = item.start;
  for (let next = itemAt(file, at, item.end); next; next = itemAt(file, at, item.end)) {
    pieces.push(...piecesOf(file, next, depth + 1));
    at = endOf(file, next, depth + 1);
  }
  return pieces;
}
