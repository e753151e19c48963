/** What files are, by their first bytes. */
const headOf = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).toString("latin1");

/** PDFs may have some junk before their mark. */
export const isPdf = (bytes: Uint8Array) => headOf(bytes).includes("%PDF-");
export const isRtf = (bytes: Uint8Array) => headOf(bytes).startsWith("{\\rtf");
export const isGzip = (bytes: Uint8Array) => headOf(bytes).startsWith("\x1f\x8b\x08");

const isZip = (bytes: Uint8Array) => ["PK\x03\x04", "PK\x05\x06"].includes(headOf(bytes).slice(0, 4));

/** Which files are for the document reader. */
export const looksReadable = (bytes: Uint8Array) =>
  isPdf(bytes) || isRtf(bytes) || isGzip(bytes) || isZip(bytes);
