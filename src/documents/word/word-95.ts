/** Documents of Word 6 and Word 95: one run of text in a code page, without the styles around it. */
import { decodeAllInCodePage } from "../code-page.ts";

/** Offsets in the file information block of Word 6 and 95. */
const languageOffset = 0x06;
const flagsOffset = 0x0a;
const textStartOffset = 0x18;
const textEndOffset = 0x1c;
/** The text is in pieces, as a fast save leaves it. */
const complexFlag = 0x0004;

/** Code pages by the primary language of the document (LANGID); Western European for all others. */
const codePages: Readonly<Record<number, number>> = {
  ...{ 1: 1256, 2: 1251, 4: 936, 5: 1250, 8: 1253, 13: 1255, 14: 1250, 17: 932 },
  ...{ 18: 949, 21: 1250, 24: 1250, 25: 1251, 26: 1250, 27: 1250, 30: 874, 31: 1254 },
  ...{ 34: 1251, 35: 1251, 36: 1250, 37: 1257, 38: 1257, 39: 1257, 42: 1258 },
};
const traditionalChinese: readonly number[] = [0x0404, 0x0c04];

/** The text with LF between paragraphs; cells end with a tab. Undefined for text in pieces. */
export function readWord95(block: Buffer): string | undefined {
  if ((block.readUInt16LE(flagsOffset) & complexFlag) !== 0) return undefined;
  const language = block.readUInt16LE(languageOffset);
  const codePage = traditionalChinese.includes(language) ? 950 : (codePages[language & 0x3ff] ?? 1252);
  const bytes = block.subarray(block.readUInt32LE(textStartOffset), block.readUInt32LE(textEndOffset));
  return withoutFields(decodeAllInCodePage(bytes, codePage))
    .replaceAll("\x07\x07", "\t\n")
    .replaceAll("\x07", "\t")
    .replaceAll("\r", "\n")
    .replaceAll("\x0b", "\n")
    .replaceAll("\x0c", "\n")
    .replaceAll("\x1e", "-")
    .replace(/[^\P{Cc}\n\t]/gu, "");
}

/** Of a field, such as a page number or a link, the result: between 0x14 and 0x15, or nothing. */
function withoutFields(text: string): string {
  let shown = "";
  /** For each open field, whether its result has begun. */
  const open: boolean[] = [];
  let hidden = 0;
  for (const character of text)
    if (character === "\x13") {
      open.push(false);
      hidden += 1;
    } else if (character === "\x14" && open.at(-1) === false) {
      open[open.length - 1] = true;
      hidden -= 1;
    } else if (character === "\x15") hidden -= open.pop() === false ? 1 : 0;
    else if (hidden === 0) shown += character;
  return shown;
}
