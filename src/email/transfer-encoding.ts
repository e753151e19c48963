/** Content-Transfer-Encoding (RFC 2045 section 6). Characters that are not of the encoding are skipped. */
import {
  base64AfterNotice,
  base64Footer,
  decodeBase64,
  decodeDamagedBase64,
  isUtf8Text,
  isWordLine,
} from "./base64.ts";
import { decodeUuencoded, decodeYencoded } from "./encoded-files.ts";
import { withoutTrailingSpace } from "./line-ends.ts";

type TransferEncoding = "base64" | "quoted-printable" | "uuencode" | "yenc" | "identity";

/** Names without punctuation that programs write for the encodings. */
const names: Readonly<Record<string, TransferEncoding>> = {
  base64: "base64",
  xbase64: "base64",
  b64: "base64",
  b: "base64",
  quotedprintable: "quoted-printable",
  xquotedprintable: "quoted-printable",
  qp: "quoted-printable",
  q: "quoted-printable",
  uuencode: "uuencode",
  xuuencode: "uuencode",
  uue: "uuencode",
  xuue: "uuencode",
  uu: "uuencode",
  xuu: "uuencode",
  yenc: "yenc",
  xyenc: "yenc",
  xyencode: "yenc",
};

/** Reads the value of the header; comments and parameters, which it may not have, are ignored. */
export function toTransferEncoding(value = ""): TransferEncoding {
  const [name = ""] = value.slice(0, 200).split(/[;(]/);
  const key = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return (Object.hasOwn(names, key) && names[key]) || "identity";
}

/**
 * Decodes the content of a file. Content in an unknown encoding is returned unchanged, cut content as far as it is
 * complete. Text behind base64, as mailing lists append it, is dropped. Never throws.
 */
export function decodeTransfer(bytes: Uint8Array, encoding?: string): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (toTransferEncoding(encoding)) {
    case "base64": {
      const text = buffer.toString("latin1");
      return decodeBase64(text.slice(0, base64Footer(text)));
    }
    case "quoted-printable":
      return decodeQuotedPrintable(buffer);
    case "uuencode":
      return decodeUuencoded(buffer) ?? buffer;
    case "yenc":
      return decodeYencoded(buffer) ?? buffer;
    case "identity":
      return buffer;
  }
}

/**
 * Decodes the content of a text part. Content that is not in the declared encoding is read as what it is, and text
 * behind base64 is kept. Never throws.
 */
export function decodeTextTransfer(bytes: Uint8Array, encoding?: string): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const declared = toTransferEncoding(encoding);
  const text = buffer.toString("latin1");
  switch (declared) {
    case "base64": {
      if (isQuotedPrintable(text)) return decodeQuotedPrintable(buffer);
      return decodeBase64Around(text, buffer);
    }
    case "quoted-printable":
      return isBase64Text(text) ? decodeBase64(text) : decodeQuotedPrintable(buffer);
    case "identity":
      if (isQuotedPrintable(text)) return decodeQuotedPrintable(buffer);
      return isBase64Text(text) ? decodeBase64(text) : buffer;
    default:
      // Files in text are taken out of it later, with the words around them.
      return buffer;
  }
}

/** Decodes base64 with the words before and behind it. */
function decodeBase64Around(text: string, buffer: Buffer): Buffer {
  const start = base64AfterNotice(text);
  const content = text.slice(start);
  const end = base64Footer(content);
  const decoded = end === 0 ? decodeDamagedBase64(content) : decodeBase64(content.slice(0, end));
  if (!decoded) return buffer;
  const footer = end === 0 ? Buffer.alloc(0) : buffer.subarray(start + end);
  return Buffer.concat([buffer.subarray(0, start), decoded, footer]);
}

function decodeQuotedPrintable(buffer: Buffer): Buffer {
  const text = withoutTrailingSpace(buffer.toString("latin1"));
  return Buffer.from(
    text
      .replace(/=\r?\n/g, "")
      .replace(/=$/, "")
      .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

/** Octets that show what an encoding is. */
const sampleOctets = 20_000;

/**
 * True for text that is quoted-printable beyond doubt: every `=` is part of it, and there is UTF-8 or a soft line break.
 * A calendar has `VALUE=DATE`, of which `=DA` looks like an escape.
 */
function isQuotedPrintable(text: string): boolean {
  const sample = text.slice(0, sampleOctets);
  if (/[^\0-\x7f]/.test(sample)) return false;
  const all = sample.match(/=/g)?.length ?? 0;
  const escapes = sample.match(/=[0-9A-F]{2}/g) ?? [];
  const softBreaks = sample.match(/=\r?\n/g)?.length ?? 0;
  const utf8 = /=(?:C[2-9A-F]|D[0-9A-F]|E[0-9A-F]|F[0-4])=[89AB][0-9A-F]/;
  const isAllUsed = escapes.length + softBreaks >= all - 1;
  return isAllUsed && (utf8.test(sample) || (softBreaks > 0 && /=(?:3D|20)/.test(sample)));
}

/**
 * True for lines of base64 alone, of one length but for the last, that decode to text. The end may be missing, as in the
 * first octets that a row of a list is made of.
 */
function isBase64Text(text: string): boolean {
  const lines = text.slice(0, sampleOctets).trim().split(/\r?\n/);
  const [first = ""] = lines;
  const isFull = lines.slice(0, -1).every((line) => line.length === first.length);
  if (lines.some(isWordLine) || !isFull || first.length < 40) return false;
  if (lines.length > 1 && first.length % 4 !== 0) return false;
  const digits = lines.join("");
  return isUtf8Text(decodeBase64(digits.slice(0, digits.length - (digits.length % 4))));
}
