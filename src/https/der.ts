/** DER (X.690): the few types that a certificate request needs, and a search in a certificate. */

/** Encodes one element. `tag` such as 0x30 for a sequence. */
export function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => encode(0x30, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => encode(0x31, ...contents);

/** Encodes an object identifier such as "1.2.840.10045.4.3.2". */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return encode(0x06, Buffer.from(bytes));
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

type Element = { tag: number; content: Buffer; end: number };

/** Decodes the element at `offset`. Throws a RangeError when it is not complete. */
export function decode(bytes: Buffer, offset = 0): Element {
  const tag = bytes.readUInt8(offset);
  const first = bytes.readUInt8(offset + 1);
  const lengthBytes = first & 0x80 ? first & 0x7f : 0;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(offset + 2, lengthBytes);
  const start = offset + 2 + lengthBytes;
  if (start + length > bytes.length) throw new RangeError("the DER element is cut off");
  return { tag, content: bytes.subarray(start, start + length), end: start + length };
}

/** Decodes the elements inside a sequence. Throws a RangeError. */
export function decodeAll(content: Buffer): Element[] {
  const elements: Element[] = [];
  for (let offset = 0; offset < content.length; ) {
    const element = decode(content, offset);
    elements.push(element);
    offset = element.end;
  }
  return elements;
}
