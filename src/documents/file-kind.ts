/** Recognition of file formats by their first bytes, whatever the file is called. */

const headOf = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).toString("latin1");

/** The header may follow other bytes (PDF Reference 1.7, appendix H, implementation note 13). */
export const isPdf = (bytes: Uint8Array) => headOf(bytes).includes("%PDF-");
export const isRtf = (bytes: Uint8Array) => headOf(bytes).startsWith("{\\rtf");
export const isGzip = (bytes: Uint8Array) => headOf(bytes).startsWith("\x1f\x8b\x08");

const isZip = (bytes: Uint8Array) => ["PK\x03\x04", "PK\x05\x06"].includes(headOf(bytes).slice(0, 4));

/** True for formats that the document reader takes: PDF, RTF, gzip, and ZIP with the office formats in it. */
export const isReadableDocument = (bytes: Uint8Array) =>
  isPdf(bytes) || isRtf(bytes) || isGzip(bytes) || isZip(bytes);
