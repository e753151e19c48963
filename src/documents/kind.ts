/** Which files are for the document reader, by their first bytes. PDFs may have some junk before their mark. */
export function looksReadable(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).toString(
    "latin1",
  );
  return head.includes("%PDF-") || head.startsWith("PK\x03\x04");
}
