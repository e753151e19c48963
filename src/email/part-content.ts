/** The content of a part without its transfer encoding. */
import { splitEncodedFiles } from "./encoded-files.ts";
import type { Part } from "./part.ts";
import { decodeTextTransfer, decodeTransfer } from "./transfer-encoding.ts";

/** Decodes the octets of a part, which may be cut. Files in plain text are taken out. Never throws. */
export function decodePartContent(
  { type, encoding }: Pick<Part, "type" | "encoding">,
  octets: Buffer,
): Buffer {
  if (!type.startsWith("text/")) return decodeTransfer(octets, encoding);
  const text = decodeTextTransfer(octets, encoding);
  return type === "text/plain" ? splitEncodedFiles(text).text : text;
}
