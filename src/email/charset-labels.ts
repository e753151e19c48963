/** Decoders by the names that emails give to charsets: those of the WHATWG, of iconv-lite, and rare ones of our own. */
import iconv from "iconv-lite";
import { decode as decodeWithLibmime } from "libmime/lib/charset.js";
import { ebcdicDecoder } from "./charset-ebcdic.ts";
import { decodeHz, decodeIso2022Cn, decodeIso2022Kr, decodeJohab } from "./charset-stateful.ts";

export type CharsetDecoder = {
  /** The canonical name, in lower case. */
  name: string;
  /** Invalid bytes become U+FFFD, an incomplete character at the end is dropped. Never throws. */
  decode(bytes: Uint8Array): string;
  /** Single-byte charsets and multi-byte ones contain ASCII, EBCDIC does not. */
  kind: "single-byte" | "multi-byte" | "ebcdic";
};

/** Labels without punctuation that name no charset for bytes above 127. */
const silent =
  /^(?:(?:us)?ascii|iso646(?:us|irv(?:1991)?)?|ansix341968|unknown(?:8bit)?|xunknown|xuserdefined|[78]bit|binary|default|none|any|)$/;

/** Labels without punctuation that the WHATWG does not know, by its name for the encoding or for a superset of it. */
const aliases: Readonly<Record<string, string>> = {
  uhc: "euc-kr",
  xwindows949: "euc-kr",
  ms949: "euc-kr",
  cp949: "euc-kr",
  "949": "euc-kr",
  xmackorean: "euc-kr",
  chinesebig5: "big5",
  cp950: "big5",
  windows950: "big5",
  ms950: "big5",
  xmacchinesetrad: "big5",
  xmacchinesesimp: "gb18030",
  gb2312: "gb18030",
  gb231280: "gb18030",
  csgb2312: "gb18030",
  csiso58gb231280: "gb18030",
  gbk: "gb18030",
  xgbk: "gb18030",
  cp936: "gb18030",
  ms936: "gb18030",
  windows936: "gb18030",
  euccn: "gb18030",
  xeuccn: "gb18030",
  xmacjapanese: "shift_jis",
  cp932: "shift_jis",
  windows932: "shift_jis",
  shiftjisx0213: "shift_jis",
  shiftjis2004: "shift_jis",
  eucjisx0213: "euc-jp",
  eucjis2004: "euc-jp",
  cp51932: "euc-jp",
  eucjp: "euc-jp",
  xeucjp: "euc-jp",
  dos874: "windows-874",
  cp874: "windows-874",
  ansi: "windows-1252",
  latin1: "windows-1252",
  iso88591: "windows-1252",
  // Windows programs that meant their own encoding.
  iso88596i: "iso-8859-6",
  unicode: "utf-16le",
  iso10646ucs2: "utf-16be",
  utf8mb4: "utf-8",
  unicode11utf8: "utf-8",
  // Names of iconv-lite.
  xmacroman: "macintosh",
  xmaccyrillic: "maccyrillic",
  xmacukrainian: "macukraine",
  xmacce: "maccenteuro",
  xmaccentraleurroman: "maccenteuro",
  xmacgreek: "macgreek",
  xmacturkish: "macturkish",
  xmacicelandic: "maciceland",
  xmaccroatian: "maccroatian",
  xmacromanian: "macromania",
  xmacthai: "macthai",
  kz1048: "rk1048",
  dos862: "cp862",
};

/** Codecs of iconv-lite that are no charsets. */
const notCharsets = new Set(["base64", "hex", "binary", "internal", "ucs2"]);

/** Finds the decoder for a label; undefined when it is unknown or says nothing about bytes above 127. */
export function charsetDecoder(label: string): CharsetDecoder | undefined {
  const [bare = ""] = /[^\s;,*'"]+/.exec(label.slice(0, 100)) ?? [];
  const key = bare.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (silent.test(key)) return undefined;
  return (
    statefulDecoder(key) ??
    whatwgDecoder((Object.hasOwn(aliases, key) && aliases[key]) || toUsualForm(bare, key)) ??
    iconvDecoder((Object.hasOwn(aliases, key) && aliases[key]) || bare) ??
    ebcdic(key)
  );
}

/** `8859_1`, `win-1251`, `cp-1252` and `windows1250` as the WHATWG writes them. */
function toUsualForm(bare: string, key: string): string {
  const [, part] = /^(?:iso)?8859(\d{1,2})[ei]?$/.exec(key) ?? [];
  if (part) return part === "1" ? "windows-1252" : `iso-8859-${part}`;
  const [, page] = /^(?:x?cp|win|windows|ms|ansi)(125\d)$/.exec(key) ?? [];
  return page ? `windows-${page}` : bare;
}

function statefulDecoder(key: string): CharsetDecoder | undefined {
  if (/^(?:cs)?iso2022jp|^cp5022\d$|^x?jis$/.test(key)) return multiByte("iso-2022-jp", decodeIso2022Jp);
  if (/^(?:cs)?iso2022kr$/.test(key)) return multiByte("iso-2022-kr", decodeIso2022Kr);
  if (/^(?:cs)?iso2022cn(?:ext)?$/.test(key)) return multiByte("iso-2022-cn", decodeIso2022Cn);
  if (/^hz(?:gb2312)?$/.test(key)) return multiByte("hz-gb-2312", decodeHz);
  if (/^x?johab$|^(?:cp|ms|windows)1361$/.test(key)) return multiByte("johab", decodeJohab);
  if (/^utf7imap$/.test(key)) return multiByte("utf-7-imap", (bytes) => iconv.decode(bytes, "utf-7-imap"));
  if (/utf7$/.test(key)) return multiByte("utf-7", (bytes) => iconv.decode(bytes, "utf-7"));
  return undefined;
}

const multiByte = (name: string, decode: (bytes: Uint8Array) => string): CharsetDecoder => ({
  name,
  decode,
  kind: "multi-byte",
});

/** The library knows JIS X 0212, the WHATWG's decoder the characters of NEC and IBM. */
function decodeIso2022Jp(bytes: Uint8Array): string {
  const text = new TextDecoder("iso-2022-jp").decode(bytes);
  if (!text.includes("\uFFFD")) return text;
  const other = decodeWithLibmime(toBuffer(bytes), "iso-2022-jp");
  return countInvalid(other) < countInvalid(text) ? other : text;
}

export const countInvalid = (text: string) => text.split("\uFFFD").length - 1;

const toBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength);

function whatwgDecoder(label: string): CharsetDecoder | undefined {
  const encoding = whatwgName(label);
  if (!encoding || encoding === "x-user-defined" || encoding === "replacement") return undefined;
  return {
    name: encoding,
    decode: (bytes) => new TextDecoder(encoding).decode(bytes, { stream: true }),
    kind: /^(?:iso-8859|windows|koi8|ibm|macintosh)/.test(encoding) ? "single-byte" : "multi-byte",
  };
}

function whatwgName(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding.toLowerCase();
  } catch {
    return undefined;
  }
}

function iconvDecoder(label: string): CharsetDecoder | undefined {
  const name = label.toLowerCase();
  if (notCharsets.has(name.replace(/[^a-z0-9]/g, "")) || !iconv.encodingExists(name)) return undefined;
  const decode = (bytes: Uint8Array) => iconv.decode(bytes, name);
  return { name, decode, kind: /^(?:utf|ucs|cesu)/.test(name) ? "multi-byte" : "single-byte" };
}

function ebcdic(key: string): CharsetDecoder | undefined {
  const decode = ebcdicDecoder(key);
  return decode && { name: key, decode, kind: "ebcdic" };
}
