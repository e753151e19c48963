/** The text of one part of an email in Unicode. */
import { decodeText } from "../email/charset.ts";
import type { Part } from "../email/part.ts";
import { charsetInHtml } from "./html-charset.ts";

/** Returns the octets of a part without its transfer encoding, as far as they are known. */
export type ContentOf = (part: Part) => Buffer | undefined;

export function decodePart(part: Part, contentOf: ContentOf): string {
  const bytes = contentOf(part) ?? Buffer.alloc(0);
  // Servers report us-ascii for a part without a charset (RFC 3501 section 7.4.2).
  const isUndeclared = part.charset === undefined || /^us-ascii$/i.test(part.charset);
  const isHtml = part.type === "text/html";
  return decodeText(bytes, (isUndeclared && isHtml ? charsetInHtml(bytes) : undefined) ?? part.charset);
}
