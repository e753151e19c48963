/** Content-Transfer-Encoding (RFC 2045 section 6). Characters that are not of the encoding are skipped. */
import { withoutTrailingSpace } from "./line-ends.ts";

/**
 * Decodes the content of a part. Content in an unknown encoding is returned unchanged; cut content as far as it is
 * complete. Never throws.
 */
export function decodeTransfer(bytes: Uint8Array, encoding?: string): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch ((encoding ?? "").trim().toLowerCase()) {
    case "base64":
      return fromBase64(buffer);
    case "quoted-printable":
      return fromQuotedPrintable(buffer);
    default:
      return buffer;
  }
}

function fromBase64(buffer: Buffer): Buffer {
  // Padding in the middle, from pieces that were joined, ends a group, not the content.
  const pieces = buffer
    .toString("latin1")
    .replace(/[^A-Za-z0-9+/=]/g, "")
    .split(/=+/);
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
}

function fromQuotedPrintable(buffer: Buffer): Buffer {
  const text = withoutTrailingSpace(buffer.toString("latin1"));
  return Buffer.from(
    text
      .replace(/=\r?\n/g, "")
      .replace(/=$/, "")
      .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}
