/** Content-Transfer-Encoding undone piece by piece, for files that are never in memory whole. */
import { decodeTransfer } from "./transfer-encoding.ts";

/** `push` gives what can be decoded so far, `end` the rest. */
export function createTransferDecoder(encoding?: string) {
  const kind = (encoding ?? "").trim().toLowerCase();
  let rest: Buffer = Buffer.alloc(0);

  /** How much of what is there can be decoded without what is still to come. */
  function whole(bytes: Buffer): number {
    if (kind === "quoted-printable") return bytes.lastIndexOf(0x0a) + 1;
    return bytes.length;
  }

  function pushBase64(bytes: Buffer): Buffer {
    const letters = Buffer.from(bytes.toString("latin1").replace(/[^A-Za-z0-9+/=]/g, ""), "latin1");
    const all = Buffer.concat([rest, letters]);
    const groups = all.length - (all.length % 4);
    rest = all.subarray(groups);
    return decodeTransfer(all.subarray(0, groups), "base64");
  }

  return {
    push(bytes: Buffer): Buffer {
      if (kind === "base64") return pushBase64(bytes);
      const all = Buffer.concat([rest, bytes]);
      const end = whole(all);
      rest = all.subarray(end);
      return decodeTransfer(all.subarray(0, end), kind);
    },
    end: (): Buffer => decodeTransfer(rest, kind),
  };
}
