/** Reads little-endian numbers and stretches of bytes one after the other. Past the end there is nothing, and zero. */
export function createCursor(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function number(length: 2 | 4): number {
    const start = at;
    at += length;
    if (at > bytes.length) return 0;
    return length === 2 ? view.getUint16(start, true) : view.getUint32(start, true);
  }

  return {
    short: () => number(2),
    long: () => number(4),
    /** A view, not a copy; shorter at the end. */
    take(length: number): Uint8Array {
      const start = Math.min(at, bytes.length);
      at += length;
      return bytes.subarray(start, Math.min(at, bytes.length));
    },
    ended: () => at >= bytes.length,
    /** More was asked for than there is. */
    overrun: () => at > bytes.length,
  };
}
