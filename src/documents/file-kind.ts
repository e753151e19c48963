/** Recognition of file formats by their first bytes, whatever the file is called. */

const headOf = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).toString("latin1");

/** The header may follow other bytes (PDF Reference 1.7, appendix H, implementation note 13). */
export const isPdf = (bytes: Uint8Array) => headOf(bytes).includes("%PDF-");
export const isRtf = (bytes: Uint8Array) => headOf(bytes).startsWith("{\\rtf");
export const isGzip = (bytes: Uint8Array) => headOf(bytes).startsWith("\x1f\x8b\x08");

/** Compound files (MS-CFB section 2.2): Office formats before 2007, saved Outlook emails, files under a password. */
export const isCompoundFile = (bytes: Uint8Array) =>
  headOf(bytes).startsWith("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");

/** OpenDocument in one XML file: .fods, .fodt, .fodp. */
export const isFlatOpenDocument = (bytes: Uint8Array) =>
  /^(\xef\xbb\xbf)?\s*<(\?xml|office:document)\b/.test(headOf(bytes)) &&
  /<office:document\s/.test(headOf(bytes));

export const isSylk = (bytes: Uint8Array) => headOf(bytes).startsWith("ID;P");
export const isDif = (bytes: Uint8Array) => /^TABLE\r?\n0,1\r?\n/.test(headOf(bytes));

const isZip = (bytes: Uint8Array) => ["PK\x03\x04", "PK\x05\x06"].includes(headOf(bytes).slice(0, 4));

const readable = [isPdf, isRtf, isGzip, isZip, isCompoundFile, isFlatOpenDocument, isSylk, isDif];

/** True for formats that the document reader takes. ZIP and compound files hold most office formats. */
export const isReadableDocument = (bytes: Uint8Array) => readable.some((isKind) => isKind(bytes));
