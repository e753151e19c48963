/** The tokens of an RTF file (Rich Text Format Specification 1.9.1, "Conventions of an RTF Reader"). */

export type RtfToken =
  | { kind: "groupStart" }
  | { kind: "groupEnd" }
  /** `\word`, `\word12`. `isIgnorable`: `\*` precedes it, so that a reader skips the group if the word is unknown. */
  | { kind: "controlWord"; word: string; value: number | undefined; isIgnorable: boolean }
  /** `\` and a character other than a letter. */
  | { kind: "controlSymbol"; symbol: string }
  /** `\'e4`, a byte in the code page of the font. */
  | { kind: "byte"; byte: number }
  | { kind: "text"; text: string };

const pattern = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z'])|([{}])|([^\\{}\r\n]+)/gi;

/** `source`: the bytes of the file as Latin-1. Takes time in proportion to its length. */
export function* readRtfTokens(source: string): Generator<RtfToken> {
  let isIgnorable = false;
  for (const [, word, value, byte, symbol, brace, text] of source.matchAll(pattern)) {
    if (word)
      yield {
        kind: "controlWord",
        word,
        value: value === undefined ? undefined : Number(value),
        isIgnorable,
      };
    else if (brace) yield { kind: brace === "{" ? "groupStart" : "groupEnd" };
    else if (byte) yield { kind: "byte", byte: Number.parseInt(byte, 16) };
    else if (text) yield { kind: "text", text };
    else if (symbol && symbol !== "*") yield { kind: "controlSymbol", symbol };
    isIgnorable = symbol === "*";
  }
}
