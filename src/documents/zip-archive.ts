/** ZIP archives (APPNOTE 6.3.10). Members are unpacked on demand, and no further than `maxUnpackedBytes` in total. */
import { Inflate } from "fflate";
import { createByteReader } from "./byte-reader.ts";
import { decodeUtf8OrWindows1252 } from "./code-page.ts";
import { decompressChunks, joinChunks } from "./decompression.ts";
import { maxUnpackedBytes } from "./document-text.ts";

type ZipMember = {
  name: string;
  /** Unpacked size in bytes, as the archive claims. */
  size: number;
  isEncrypted: boolean;
};

export type ZipArchive = {
  members: readonly ZipMember[];
  has(name: string): boolean;
  /** Yields the UTF-8 text of a member as it is unpacked; nothing if it is missing or encrypted. Throws on damage. */
  xml(name: string): Iterable<string>;
  /** Returns a member; undefined if it is missing, encrypted, damaged or larger than `maxBytes`. */
  bytes(name: string, maxBytes: number): Uint8Array | undefined;
  /** Returns the whole text of a small member. Throws on damage. */
  text(name: string): string;
  /** True when a member was read only in part, because the limit was reached. */
  isCut(): boolean;
};

const signatures = { endOfDirectory: 0x06054b50, directoryEntry: 0x02014b50, localHeader: 0x04034b50 };
const methods = { stored: 0, deflated: 8 };
const maxMembers = 10_000;

type DirectoryEntry = ZipMember & { packedSize: number; method: number; headerOffset: number };

/** Throws when the bytes are not a ZIP archive, or a truncated one. */
export function openZipArchive(bytes: Uint8Array): ZipArchive {
  const entries = new Map(readDirectory(bytes).map((entry) => [entry.name, entry]));
  let remainingBytes = maxUnpackedBytes;
  let isCut = false;

  function* unpack(name: string): Generator<Uint8Array> {
    const entry = entries.get(name);
    if (!entry || entry.isEncrypted) return;
    const packed = packedBytes(bytes, entry);
    const { method } = entry;
    if (method !== methods.stored && method !== methods.deflated)
      throw new Error("unsupported ZIP compression method");
    for (const chunk of method === methods.stored ? [packed] : decompressChunks(Inflate, packed)) {
      isCut ||= chunk.length > remainingBytes;
      if (remainingBytes <= 0) return;
      const taken = chunk.subarray(0, remainingBytes);
      remainingBytes -= taken.length;
      yield taken;
    }
  }

  function* decode(name: string): Generator<string> {
    const decoder = new TextDecoder();
    for (const chunk of unpack(name)) yield decoder.decode(chunk, { stream: true });
  }

  return {
    members: [...entries.values()],
    has: (name) => entries.has(name),
    xml: decode,
    bytes(name, maxBytes) {
      const entry = entries.get(name);
      if (!entry || entry.isEncrypted || entry.size > maxBytes) return undefined;
      try {
        const { bytes: unpacked, isWhole } = joinChunks(unpack(name), maxBytes);
        return isWhole ? unpacked : undefined;
      } catch {
        return undefined;
      }
    },
    text: (name) => [...decode(name)].join(""),
    isCut: () => isCut,
  };
}

/** Reads the central directory (section 4.3.12). */
function readDirectory(bytes: Uint8Array): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  const reader = createByteReader(bytes.subarray(findDirectory(bytes)));
  while (reader.uint32() === signatures.directoryEntry && entries.length < maxMembers) {
    reader.range(4);
    const flags = reader.uint16();
    const method = reader.uint16();
    reader.range(8);
    const packedSize = reader.uint32();
    const size = reader.uint32();
    const [nameLength, extraLength, commentLength] = [reader.uint16(), reader.uint16(), reader.uint16()];
    reader.range(8);
    const headerOffset = reader.uint32();
    // UTF-8 by the specification; older programs write the code page of their system.
    const name = decodeUtf8OrWindows1252(reader.range(nameLength));
    reader.range(extraLength + commentLength);
    entries.push({ name, size, isEncrypted: (flags & 1) === 1, packedSize, method, headerOffset });
  }
  return entries;
}

/** Returns the offset of the central directory from the record at the end, before a comment (section 4.3.16). */
function findDirectory(bytes: Uint8Array): number {
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 65_557); at -= 1) {
    const reader = createByteReader(bytes.subarray(at));
    if (reader.uint32() !== signatures.endOfDirectory) continue;
    reader.range(12);
    return reader.uint32();
  }
  throw new Error("a ZIP archive without an end of central directory record");
}

/** Returns the compressed bytes behind the local header (section 4.3.7). */
function packedBytes(bytes: Uint8Array, { headerOffset, packedSize }: DirectoryEntry): Uint8Array {
  const reader = createByteReader(bytes.subarray(headerOffset));
  if (reader.uint32() !== signatures.localHeader) throw new Error("a ZIP member without a local header");
  reader.range(22);
  reader.range(reader.uint16() + reader.uint16());
  // ZIP64 has 0xffffffff here (section 4.5.3): the deflated data marks its own end.
  return reader.range(packedSize);
}
