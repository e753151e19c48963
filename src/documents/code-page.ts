/** Text in the code pages of Windows, up to the zero that ends it. Never throws. */

const names: Readonly<Record<number, string>> = {
  874: "windows-874",
  932: "shift_jis",
  936: "gb18030",
  949: "euc-kr",
  950: "big5",
  20866: "koi8-r",
  21866: "koi8-u",
  20932: "euc-jp",
  50220: "iso-2022-jp",
  51932: "euc-jp",
  51949: "euc-kr",
  54936: "gb18030",
  65001: "utf-8",
};

function nameOf(page: number): string {
  if (page >= 1250 && page <= 1258) return `windows-${page}`;
  if (page >= 28591 && page <= 28606) return `iso-8859-${page - 28590}`;
  return names[page] ?? "windows-1252";
}

export function decodePage(bytes: Uint8Array, page: number): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return new TextDecoder(nameOf(page)).decode(text);
  } catch {
    return new TextDecoder("windows-1252").decode(text);
  }
}

export function decodeWide(bytes: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(bytes).replace(/\0.*$/s, "");
}

/** Text of which nobody says what it is in: UTF-8, else what Windows has written for long. */
export function decodeUnknown(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
