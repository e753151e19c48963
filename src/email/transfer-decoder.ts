/** Streaming decoder of Content-Transfer-Encoding, for files that are never in memory as a whole. */
import { isWordLine } from "./base64.ts";
import { decodeTransfer, toTransferEncoding } from "./transfer-encoding.ts";

type TransferDecoder = {
  /** Returns the bytes that can be decoded so far. */
  push(bytes: Buffer): Buffer;
  /** Returns the rest. */
  end(): Buffer;
};

export function createTransferDecoder(value?: string): TransferDecoder {
  const encoding = toTransferEncoding(value);
  switch (encoding) {
    case "base64":
      return createBase64Decoder();
    case "quoted-printable":
      return createLineDecoder(encoding);
    case "identity":
      return { push: (bytes) => bytes, end: () => Buffer.alloc(0) };
    default:
      return createWholeDecoder(encoding);
  }
}

/** Decodes up to the last complete line. */
function createLineDecoder(encoding: string): TransferDecoder {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(bytes) {
      const all = Buffer.concat([rest, bytes]);
      const end = all.lastIndexOf(0x0a) + 1;
      rest = all.subarray(end);
      return decodeTransfer(all.subarray(0, end), encoding);
    },
    end: () => decodeTransfer(rest, encoding),
  };
}

/** Rare encodings, whose files are small. */
function createWholeDecoder(encoding: string): TransferDecoder {
  const pieces: Buffer[] = [];
  return {
    push(bytes) {
      pieces.push(bytes);
      return Buffer.alloc(0);
    },
    end: () => decodeTransfer(Buffer.concat(pieces), encoding),
  };
}

/** Stops at words behind the padding, which mailing lists append. */
function createBase64Decoder(): TransferDecoder {
  let line = "";
  let digits = "";
  let isPadded = false;
  let isOver = false;

  /** Decodes complete groups; padding completes a group early. */
  function take(text: string): Buffer {
    if (isOver || (isPadded && isWordLine(text))) {
      isOver = true;
      return Buffer.alloc(0);
    }
    const all = digits + text.replace(/[^A-Za-z0-9+/=]/g, "");
    const groups = all.split("=");
    const last = groups.pop() ?? "";
    if (groups.length > 0) isPadded = true;
    const whole = last.length - (last.length % 4);
    digits = last.slice(whole);
    const pieces = [...groups, last.slice(0, whole)].filter((piece) => piece !== "");
    return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
  }

  return {
    push(bytes) {
      const lines = (line + bytes.toString("latin1")).split("\n");
      line = lines.pop() ?? "";
      // A file may be a single line.
      if (line.length > maxLineCharacters) {
        lines.push(line);
        line = "";
      }
      return Buffer.concat(lines.map(take));
    },
    end: () => Buffer.concat([take(line), isOver ? Buffer.alloc(0) : Buffer.from(digits, "base64")]),
  };
}

const maxLineCharacters = 10_000;
