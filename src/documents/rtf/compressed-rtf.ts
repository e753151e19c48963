/** Outlook's rich text as winmail.dat has it, packed (MS-OXRTFCP). */
import { createCursor } from "../byte-reader.ts";
import { type Rtf, readRtf } from "./rtf.ts";

/** What the dictionary of the packer holds at first (MS-OXRTFCP section 2.1.2.1). */
const firstWords =
  "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/** At most `maxBytes` of it. Undefined when it is not packed as Outlook packs. */
function unpackRtf(packed: Uint8Array, maxBytes: number): Uint8Array | undefined {
  const head = createCursor(packed);
  head.take(4);
  const size = Math.min(head.long(), maxBytes);
  const kind = head.long();
  if (kind === 0x414c454d) return packed.subarray(16, 16 + size);
  if (kind !== 0x75465a4c) return undefined;
  const dictionary = new Uint8Array(4096);
  dictionary.set(Buffer.from(firstWords, "latin1"));
  const out = new Uint8Array(size);
  let to = firstWords.length;
  let written = 0;
  const put = (byte: number) => {
    dictionary[to] = byte;
    to = (to + 1) % 4096;
    if (written < size) out[written] = byte;
    written += 1;
  };
  let at = 16;
  while (at < packed.length && written < size) {
    const control = packed[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < packed.length; bit += 1) {
      if ((control & (1 << bit)) === 0) {
        put(packed[at++] ?? 0);
        continue;
      }
      const token = ((packed[at] ?? 0) << 8) | (packed[at + 1] ?? 0);
      at += 2;
      const from = token >> 4;
      if (from === to) return out.subarray(0, Math.min(written, size));
      for (let step = 0; step < (token & 15) + 2; step += 1) put(dictionary[(from + step) % 4096] ?? 0);
    }
  }
  return out.subarray(0, Math.min(written, size));
}

/** Takes what it unpacks from `left`. Undefined when it is not packed as Outlook packs. */
export function readPackedRtf(packed: Uint8Array | undefined, left: { rtfBytes: number }): Rtf | undefined {
  const bytes = packed && unpackRtf(packed, left.rtfBytes);
  if (!bytes) return undefined;
  left.rtfBytes -= bytes.length;
  return readRtf(bytes, { mayBeHtml: true });
}
