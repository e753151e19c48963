/** Sequential reading of little-endian integers and byte ranges. */

export type ByteReader = ReturnType<typeof createByteReader>;

/** Never throws: past the end, integers are zero and ranges are empty. */
export function createByteReader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function readInteger(length: 2 | 4): number {
    const start = at;
    at += length;
    if (at > bytes.length) return 0;
    return length === 2 ? view.getUint16(start, true) : view.getUint32(start, true);
  }

  return {
    uint16: () => readInteger(2),
    uint32: () => readInteger(4),
    /** Returns a view of the next `length` bytes, shorter at the end. */
    range(length: number): Uint8Array {
      const start = Math.min(at, bytes.length);
      at += length;
      return bytes.subarray(start, Math.min(at, bytes.length));
    },
    isAtEnd: () => at >= bytes.length,
    /** True when more was read than there is. */
    isPastEnd: () => at > bytes.length,
  };
}
