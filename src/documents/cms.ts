/**
 * The content of an S/MIME signature (RFC 5652 section 5), without verifying it. Reads DER and BER, whose lengths may
 * be indefinite (X.690 section 8.1.3).
 */

/** `end` of an indefinite length is the end of the element around it. */
type Asn1Element = { tag: number; start: number; end: number };

const tags = { octetString: 0x04, constructedOctetString: 0x24, sequence: 0x30, explicit0: 0xa0 };
const indefiniteLength = 0x80;
/** The object id of SignedData, 1.2.840.113549.1.7.2. */
const signedDataId = "2a864886f70d010702";
/** The object ids of EnvelopedData (RFC 5652 section 6) and AuthEnvelopedData (RFC 5083). */
const encryptedIds = ["2a864886f70d010703", "2a864886f70d0109100117"];
const maxDepth = 20;
/** No more of the elements in a sequence are needed. */
const maxChildren = 3;

/**
 * Returns the signed content; undefined when the bytes are not a signature, or a detached one. Truncated bytes
 * give the content up to their end. Never throws.
 */
export function signedContent(bytes: Uint8Array): Uint8Array | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contentInfo = elementAt(file, 0, file.length);
  const [type, content] = childrenOf(file, contentInfo, tags.sequence);
  if (!type || file.toString("hex", type.start, type.end) !== signedDataId) return undefined;
  const [signedData] = childrenOf(file, content, tags.explicit0);
  // SignedData: version, digestAlgorithms, encapContentInfo (section 5.1).
  const [, , encapsulated] = childrenOf(file, signedData, tags.sequence);
  const [, explicitContent] = childrenOf(file, encapsulated, tags.sequence);
  const [octets] = childrenOf(file, explicitContent, tags.explicit0);
  return octets && Buffer.concat(octetsOf(file, octets, 0));
}

/** True for encrypted content. Never throws. */
export function isEncryptedCms(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [type] = childrenOf(file, elementAt(file, 0, file.length), tags.sequence);
  return type !== undefined && encryptedIds.includes(file.toString("hex", type.start, type.end));
}

/** Returns the first elements inside an element with this tag, and nothing for another tag. */
function childrenOf(file: Buffer, element: Asn1Element | undefined, tag: number): Asn1Element[] {
  const children: Asn1Element[] = [];
  if (element?.tag !== tag) return children;
  for (let at = element.start; at < element.end && children.length < maxChildren; ) {
    const child = elementAt(file, at, element.end);
    if (!child) break;
    children.push(child);
    // The end of an indefinite length must be searched for: not behind the last child that is needed.
    at = children.length < maxChildren ? endOf(file, child, 0) : element.end;
  }
  return children;
}

/** Reads a tag of one byte and a length; undefined at the end of the contents or of the bytes. */
function elementAt(file: Buffer, at: number, limit: number): Asn1Element | undefined {
  const [tag, length] = file.subarray(at, Math.min(at + 2, limit));
  // Two zero bytes end an indefinite length (X.690 section 8.1.5).
  if (tag === undefined || length === undefined || (tag === 0 && length === 0)) return undefined;
  if (length === indefiniteLength) return { tag, start: at + 2, end: limit };
  if (length < 0x80) return { tag, start: at + 2, end: Math.min(at + 2 + length, limit) };
  const lengthBytes = length & 0x7f;
  if (lengthBytes > 6 || at + 2 + lengthBytes > limit) return undefined;
  const start = at + 2 + lengthBytes;
  return { tag, start, end: Math.min(start + file.readUIntBE(at + 2, lengthBytes), limit) };
}

/** Returns the offset behind an element. */
function endOf(file: Buffer, element: Asn1Element, depth: number): number {
  if (file[element.start - 1] !== indefiniteLength || depth > maxDepth) return element.end;
  let at = element.start;
  for (let next = elementAt(file, at, element.end); next; next = elementAt(file, at, element.end))
    at = endOf(file, next, depth + 1);
  return Math.min(at + 2, element.end);
}

/** Returns the segments of an octet string, which BER may split and nest (X.690 section 8.7). */
function octetsOf(file: Buffer, element: Asn1Element, depth: number): Buffer[] {
  if (element.tag === tags.octetString) return [file.subarray(element.start, element.end)];
  if (element.tag !== tags.constructedOctetString || depth > maxDepth) return [];
  const segments: Buffer[] = [];
  let at = element.start;
  for (let next = elementAt(file, at, element.end); next; next = elementAt(file, at, element.end)) {
    segments.push(...octetsOf(file, next, depth + 1));
    at = endOf(file, next, depth + 1);
  }
  return segments;
}
