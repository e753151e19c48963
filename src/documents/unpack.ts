/** Unpacks in steps, so that a limit is noticed soon after it, whatever the packed claims to be. */
import type { Gunzip, Inflate } from "fflate";

const stepBytes = 4_096;

/** The first `most` octets. Throws when it is damaged. */
export function unpackWith(
  Unpacker: typeof Inflate | typeof Gunzip,
  packed: Uint8Array,
  most: number,
): { unpacked: Uint8Array; whole: boolean } {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  const stream = new Unpacker((chunk, last) => {
    chunks.push(chunk);
    length += chunk.length;
    ended ||= last;
  });
  for (let at = 0; at < packed.length && length <= most && !ended; at += stepBytes)
    stream.push(packed.subarray(at, at + stepBytes), at + stepBytes >= packed.length);
  return { unpacked: Buffer.concat(chunks, Math.min(length, most)), whole: length <= most };
}
