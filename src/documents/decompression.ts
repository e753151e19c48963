/** Unpacks in steps, so that a limit is noticed soon after it, whatever the packed claims to be. */
import type { Gunzip, Inflate } from "fflate";

const stepBytes = 4_096;

/** Piece by piece; whoever has enough stops. Throws when it is damaged. */
export function* unpackPieces(
  Unpacker: typeof Inflate | typeof Gunzip,
  packed: Uint8Array,
): Generator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let ended = false;
  const stream = new Unpacker((chunk, last) => {
    ready.push(chunk);
    ended ||= last;
  });
  for (let at = 0; at < packed.length && !ended; at += stepBytes) {
    stream.push(packed.subarray(at, at + stepBytes), at + stepBytes >= packed.length);
    yield* ready;
    ready = [];
  }
}

/** The first `most` octets. */
export function limited(pieces: Iterable<Uint8Array>, most: number): { bytes: Uint8Array; whole: boolean } {
  const taken: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    taken.push(piece);
    length += piece.length;
    if (length > most) break;
  }
  return { bytes: Buffer.concat(taken, Math.min(length, most)), whole: length <= most };
}
