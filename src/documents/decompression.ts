/** Decompression in small steps, so that a limit takes effect soon after it is passed. */
import type { Gunzip, Inflate } from "fflate";

const stepBytes = 4_096;

/** Yields decompressed chunks; a caller that stops iterating stops the work. Throws when the data is damaged. */
export function* decompressChunks(
  Decompressor: typeof Inflate | typeof Gunzip,
  compressed: Uint8Array,
): Generator<Uint8Array> {
  let chunks: Uint8Array[] = [];
  let isFinished = false;
  const stream = new Decompressor((chunk, isLast) => {
    chunks.push(chunk);
    isFinished ||= isLast;
  });
  for (let at = 0; at < compressed.length && !isFinished; at += stepBytes) {
    stream.push(compressed.subarray(at, at + stepBytes), at + stepBytes >= compressed.length);
    yield* chunks;
    chunks = [];
  }
}

/** Joins chunks up to `maxBytes`; `isWhole` is false when there were more. */
export function joinChunks(
  chunks: Iterable<Uint8Array>,
  maxBytes: number,
): { bytes: Uint8Array; isWhole: boolean } {
  const taken: Uint8Array[] = [];
  let length = 0;
  for (const chunk of chunks) {
    taken.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return { bytes: Buffer.concat(taken, Math.min(length, maxBytes)), isWhole: length <= maxBytes };
}
