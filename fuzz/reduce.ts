/** Shrinks bytes that break an invariant: removes ever smaller pieces while the rest still breaks it (delta debugging). */

const maxAttempts = 400;

/** `breaks` says whether these bytes still break the invariant. Returns the shortest found. */
export async function reduceBytes(
  bytes: Uint8Array,
  breaks: (bytes: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let shortest = bytes;
  let attempts = 0;
  for (let size = Math.ceil(bytes.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.length; ) {
      if (attempts >= maxAttempts) return shortest;
      attempts += 1;
      const candidate = Buffer.concat([shortest.subarray(0, at), shortest.subarray(at + size)]);
      if (await breaks(candidate)) shortest = candidate;
      else at += size;
    }
  }
  return shortest;
}
