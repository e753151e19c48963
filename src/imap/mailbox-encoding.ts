/** Mailbox names on the wire: modified UTF-7 (RFC 3501 section 5.1.3), and servers that do not use it. */

/** True for a name that is valid modified UTF-7. */
export function isModifiedUtf7(name: string): boolean {
  return (
    /^(?:[\x20-\x25\x27-\x7e]|&-|&[A-Za-z0-9+,]+-)*$/.test(name) &&
    [...name.matchAll(/&([^&-]+)-/g)].every(([, base64 = ""]) => toUtf16(base64).length % 2 === 0)
  );
}

/** Decodes modified UTF-7. */
export function decodeModifiedUtf7(name: string): string {
  return name.replace(/&([^&-]*)-/g, (_, base64: string) =>
    base64 === "" ? "&" : toUtf16(base64).swap16().toString("utf16le"),
  );
}

/** Modified base64 has "," for "/", and no padding. */
const toUtf16 = (base64: string): Buffer => Buffer.from(base64.replaceAll(",", "/"), "base64");
