/** Decompression of the RTF body in winmail.dat (MS-OXRTFCP). */
import { createByteReader } from "../byte-reader.ts";

const compressedType = 0x75465a4c;
const uncompressedType = 0x414c454d;
const headerBytes = 16;
const dictionaryBytes = 4_096;

/** The initial content of the dictionary (section 2.1.2.1). */
const initialDictionary =
  "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/** Returns at most `maxBytes` of the RTF; undefined when the data has neither type. Never throws. */
export function decompressRtf(data: Uint8Array, maxBytes: number): Uint8Array | undefined {
  const header = createByteReader(data);
  header.range(4);
  const size = Math.min(header.uint32(), maxBytes);
  const type = header.uint32();
  if (type === uncompressedType) return data.subarray(headerBytes, headerBytes + size);
  return type === compressedType ? decompress(data.subarray(headerBytes), size) : undefined;
}

/** Section 2.2.2: runs of eight tokens, each a literal byte or a reference into the dictionary. */
function decompress(data: Uint8Array, size: number): Uint8Array {
  const dictionary = new Uint8Array(dictionaryBytes);
  dictionary.set(Buffer.from(initialDictionary, "latin1"));
  const output = new Uint8Array(size);
  let writeOffset = initialDictionary.length;
  let length = 0;
  function write(byte: number): void {
    dictionary[writeOffset] = byte;
    writeOffset = (writeOffset + 1) % dictionaryBytes;
    if (length < size) output[length] = byte;
    length += 1;
  }
  const written = () => output.subarray(0, Math.min(length, size));
  let at = 0;
  while (at < data.length && length < size) {
    const control = data[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < data.length; bit += 1) {
      if ((control & (1 << bit)) === 0) {
        write(data[at++] ?? 0);
        continue;
      }
      const reference = ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
      at += 2;
      const offset = reference >> 4;
      // A reference to the write offset marks the end.
      if (offset === writeOffset) return written();
      for (let step = 0; step < (reference & 15) + 2; step += 1)
        write(dictionary[(offset + step) % dictionaryBytes] ?? 0);
    }
  }
  return written();
}
