/** Decoding of text in Windows code pages. Never throws: an unknown code page is read as windows-1252. */

const encodings: Readonly<Record<number, string>> = {
  874: "windows-874",
  866: "ibm866",
  932: "shift_jis",
  936: "gb18030",
  949: "euc-kr",
  950: "big5",
  1200: "utf-16le",
  1201: "utf-16be",
  10000: "macintosh",
  10007: "x-mac-cyrillic",
  20866: "koi8-r",
  21866: "koi8-u",
  20932: "euc-jp",
  50220: "iso-2022-jp",
  51932: "euc-jp",
  51949: "euc-kr",
  54936: "gb18030",
  65001: "utf-8",
};

function encodingOf(codePage: number): string {
  if (codePage >= 1250 && codePage <= 1258) return `windows-${codePage}`;
  if (codePage >= 28591 && codePage <= 28606) return `iso-8859-${codePage - 28590}`;
  return encodings[codePage] ?? "windows-1252";
}

/** Decodes up to the first NUL. */
export function decodeCodePage(bytes: Uint8Array, codePage: number): string {
  const end = bytes.indexOf(0);
  return decodeAllInCodePage(end < 0 ? bytes : bytes.subarray(0, end), codePage);
}

/** Decodes all bytes, NUL included. */
export function decodeAllInCodePage(bytes: Uint8Array, codePage: number): string {
  try {
    return new TextDecoder(encodingOf(codePage)).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Decodes UTF-16LE up to the first NUL. */
export function decodeUtf16(bytes: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(bytes).replace(/\0.*$/s, "");
}

/** Decodes text without a declared encoding: as UTF-8 when it is valid UTF-8, otherwise as windows-1252. */
export function decodeUtf8OrWindows1252(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
