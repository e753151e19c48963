/** Streaming decoder of Content-Transfer-Encoding, for files that are never in memory as a whole. */
import { decodeTransfer } from "./transfer-encoding.ts";

/** `push` returns the bytes that can be decoded so far, `end` the rest. */
export function createTransferDecoder(encoding?: string) {
  const kind = (encoding ?? "").trim().toLowerCase();
  let rest: Buffer = Buffer.alloc(0);

  /** The number of bytes that can be decoded without those still to come. */
  function decodableLength(bytes: Buffer): number {
    if (kind === "quoted-printable") return bytes.lastIndexOf(0x0a) + 1;
    return bytes.length;
  }

  function pushBase64(bytes: Buffer): Buffer {
    const digits = Buffer.from(bytes.toString("latin1").replace(/[^A-Za-z0-9+/=]/g, ""), "latin1");
    const all = Buffer.concat([rest, digits]);
    const groups = all.length - (all.length % 4);
    rest = all.subarray(groups);
    return decodeTransfer(all.subarray(0, groups), "base64");
  }

  return {
    push(bytes: Buffer): Buffer {
      if (kind === "base64") return pushBase64(bytes);
      const all = Buffer.concat([rest, bytes]);
      const end = decodableLength(all);
      rest = all.subarray(end);
      return decodeTransfer(all.subarray(0, end), kind);
    },
    end: (): Buffer => decodeTransfer(rest, kind),
  };
}
