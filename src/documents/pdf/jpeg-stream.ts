/** JPEG pictures as they lie in a PDF file (ISO 32000-1 section 7.4.8), which pdf.js gives only decoded. */

const maxCandidates = 20;
const maxDictionaryBytes = 4_096;
const jpegStart = Buffer.from("ffd8ff", "hex");

/**
 * Returns the JPEG of a stream object. `reference`: as pdf.js writes it, "12R" or "12R1" with a generation. Undefined
 * when the object is no JPEG of one or three colors as it is to be shown, for example in an encrypted file.
 */
export function findJpeg(file: Buffer, reference: string): Buffer | undefined {
  const [, number, generation = "0"] = /^(\d+)R(\d*)$/.exec(reference) ?? [];
  if (number === undefined) return undefined;
  const header = `${number} ${generation || "0"} obj`;
  // An update of the file appends the object again: the last one is valid.
  let at = file.length;
  for (let candidates = 0; candidates < maxCandidates; candidates += 1) {
    at = at > 0 ? file.lastIndexOf(header, at - 1, "latin1") : -1;
    if (at < 0) return undefined;
    const before = at === 0 ? 0x0a : (file[at - 1] ?? 0);
    const isDigit = before >= 0x30 && before <= 0x39;
    if (!isDigit) return jpegAt(file, at + header.length);
  }
  return undefined;
}

function jpegAt(file: Buffer, start: number): Buffer | undefined {
  const keyword = file.subarray(start, start + maxDictionaryBytes).indexOf("stream", 0, "latin1");
  if (keyword < 0) return undefined;
  const dictionary = file.toString("latin1", start, start + keyword);
  // Inverted colors would be shown wrong.
  if (!dictionary.includes("DCTDecode") || /\/Decode\s*\[/.test(dictionary)) return undefined;
  const afterKeyword = start + keyword + "stream".length;
  const first = afterKeyword + (file[afterKeyword] === 0x0d ? 2 : 1);
  const end = endOf(file, first, dictionary);
  const jpeg = file.subarray(first, end);
  const isShown = jpeg.subarray(0, 3).equals(jpegStart) && [1, 3].includes(colorsOf(jpeg));
  return isShown ? jpeg : undefined;
}

/** A length may stand in another object (section 7.3.8.2): then the keyword ends the stream. */
function endOf(file: Buffer, first: number, dictionary: string): number {
  const length = /\/Length\s+(\d{1,10})(?!\s+\d+\s+R)\b/.exec(dictionary)?.[1];
  if (
    length !== undefined &&
    file.toString("latin1", first + Number(length), first + Number(length) + 20).includes("endstream")
  )
    return first + Number(length);
  const keyword = file.indexOf("endstream", first, "latin1");
  return keyword < 0 ? file.length : keyword;
}

/** Returns the number of color components in the frame header (ITU-T T.81 section B.2.2); 0 without one. */
function colorsOf(jpeg: Buffer): number {
  let at = 2;
  while (at + 10 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return jpeg[at + 9] ?? 0;
    at += 2 + jpeg.readUInt16BE(at + 2);
  }
  return 0;
}
