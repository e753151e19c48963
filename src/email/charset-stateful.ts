/**
 * Encodings that neither the WHATWG encodings nor iconv-lite contain: the stateful 7-bit encodings of Korean and
 * Chinese, and Johab. Decoders never throw.
 */

const escapeByte = 0x1b;
const shiftOut = 0x0e;
const shiftIn = 0x0f;
const lineFeed = 0x0a;
const tilde = 0x7e;

/** ISO-2022-KR (RFC 1557): pairs between SO and SI are KS X 1001. A line begins in ASCII. */
export function decodeIso2022Kr(bytes: Uint8Array): string {
  return new TextDecoder("euc-kr").decode(shiftedToEuc(bytes));
}

/** ISO-2022-CN (RFC 1922) as far as it uses GB 2312. */
export function decodeIso2022Cn(bytes: Uint8Array): string {
  return new TextDecoder("gb18030").decode(shiftedToEuc(bytes));
}

/** Sets the high bit of the bytes between SO and SI, and drops designations such as ESC $ ) C. */
function shiftedToEuc(bytes: Uint8Array): Uint8Array {
  const euc = new Uint8Array(bytes.length);
  let length = 0;
  let isShifted = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === escapeByte && bytes[at + 1] === 0x24) at += 3;
    else if (byte === shiftOut) isShifted = true;
    else if (byte === shiftIn) isShifted = false;
    else {
      if (byte === lineFeed) isShifted = false;
      euc[length] = isShifted && byte > 0x20 ? byte | 0x80 : byte;
      length += 1;
    }
  }
  return euc.subarray(0, length);
}

/** HZ (RFC 1843): pairs between ~{ and ~} are GB 2312; ~~ is a tilde, and a tilde at the end of a line joins lines. */
export function decodeHz(bytes: Uint8Array): string {
  const euc = new Uint8Array(bytes.length);
  let length = 0;
  let isShifted = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    const next = bytes[at + 1];
    const isEscape = byte === tilde && (!isShifted || next === 0x7d);
    if (isEscape && (next === 0x7b || next === 0x7d || next === lineFeed)) {
      if (next !== lineFeed) isShifted = next === 0x7b;
      at += 1;
      continue;
    }
    if (isEscape && next === tilde) at += 1;
    if (byte === lineFeed) isShifted = false;
    euc[length] = isShifted && byte > 0x20 ? byte | 0x80 : byte;
    length += 1;
  }
  return new TextDecoder("gb18030").decode(euc.subarray(0, length));
}

/** Five-bit codes of Johab (KS X 1001 annex 3) as indexes of Unicode's Hangul composition; -1 is no letter. */
const initials = codesOf([2, 20]);
const medials = codesOf([3, 7], [10, 15], [18, 23], [26, 29]);
const finals = codesOf([1, 17], [19, 29]);

function codesOf(...ranges: readonly [first: number, last: number][]): readonly number[] {
  const codes = ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at),
  );
  return Array.from({ length: 32 }, (_, code) => codes.indexOf(code));
}

const initialLetters = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const finalLetters = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
const firstVowel = 0x314f;

/** Johab, code page 1361: syllables from the codes of their letters, symbols and Hanja by their place in KS X 1001. */
export function decodeJohab(bytes: Uint8Array): string {
  const korean = new TextDecoder("euc-kr");
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const first = bytes[at] ?? 0;
    if (first < 0x80) pieces.push(first === 0x5c ? "₩" : String.fromCharCode(first));
    else {
      at += 1;
      const second = bytes[at] ?? 0;
      const isSymbol = (first >= 0xd9 && first <= 0xde) || (first >= 0xe0 && first <= 0xf9);
      pieces.push(isSymbol ? korean.decode(toEucKr(first, second)) : toSyllable((first << 8) | second));
    }
  }
  return pieces.join("");
}

function toSyllable(code: number): string {
  const initial = initials[(code >> 10) & 31] ?? -1;
  const medial = medials[(code >> 5) & 31] ?? -1;
  const final = finals[code & 31] ?? -1;
  if (initial >= 0 && medial >= 0 && final >= 0)
    return String.fromCharCode(0xac00 + (initial * 21 + medial) * 28 + final);
  if (initial >= 0) return initialLetters.charAt(initial);
  if (medial >= 0) return String.fromCharCode(firstVowel + medial);
  return final > 0 ? finalLetters.charAt(final) : "\uFFFD";
}

function toEucKr(first: number, second: number): Uint8Array {
  const row = first < 0xe0 ? 2 * (first - 0xd9) : 2 * first - 0x197;
  const cell = second < 0x91 ? second - 0x31 : second - 0x43;
  const isSecondRow = cell >= 0x5e;
  return Uint8Array.of(row + (isSecondRow ? 1 : 0) + 0xa1, (isSecondRow ? cell - 0x5e : cell) + 0xa1);
}
