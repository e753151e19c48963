/** Charsets of text and headers: every label, text that contradicts its label, and damaged text. */
import { describe, expect, test } from "bun:test";
import iconv from "iconv-lite";
import { decodeText, judgeText } from "../../src/email/charset.ts";
import { charsetDecoder } from "../../src/email/charset-labels.ts";
import { decodeEncodedWords } from "../../src/email/encoded-words.ts";
import { charsetHintsOf, parseAddresses, parseHeaders } from "../../src/email/headers.ts";

const hex = (digits: string) => Buffer.from(digits.replaceAll(" ", ""), "hex");
const base64 = (text: string) => Buffer.from(text, "base64");
const cyrillic = (charset: string) => iconv.encode("Встреча", charset);

const korean = "안녕하세요";
const chinese = "您好";
const traditional = "您好";
const japanese = "会議";

/** Each label with a sample in it and the text of the sample. */
const samples: readonly (readonly [labels: string, bytes: Buffer, text: string])[] = [
  ["iso-2022-kr csISO2022KR", base64("GyQpQw4+SDNnR088PD9kDw=="), korean],
  ["hz-gb-2312 HZ", Buffer.from("~{Dz:C~}"), chinese],
  ["iso-2022-cn", Buffer.from("\x1b$)A\x0eDz:C\x0f"), chinese],
  [
    "iso-2022-jp csISO2022JP iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 cp50220 cp50221 cp50222 jis",
    Buffer.from("\x1b$B2q5D\x1b(B"),
    japanese,
  ],
  ["utf-7 unicode-1-1-utf-7 csUnicode11UTF7 x-unicode-2-0-utf-7 utf7", Buffer.from("Gr+APwA3w-e"), "Grüße"],
  ["utf-7-imap", Buffer.from("Gr&APwA3w-e"), "Grüße"],
  [
    "euc-kr uhc x-windows-949 windows-949 ms949 cp949 ks_c_5601-1987 ks_c_5601-1989 ksc5601 korean x-mac-korean",
    hex("bec8b3e7c7cfbcbcbfe4"),
    korean,
  ],
  ["uhc", hex("8c 63"), "똠"],
  ["johab x-johab cp1361 ms1361 windows-1361", hex("b4659177d061ad41b661"), korean],
  ["johab", hex("f7d3f1ae"), "漢字"],
  ["big5 chinesebig5 cn-big5 csBig5 x-x-big5 big5-hkscs cp950 windows-950", hex("b17a a66e"), traditional],
  [
    "gb18030 gb2312 gbk x-gbk cp936 ms936 windows-936 euc-cn chinese csISO58GB231280 gb_2312-80",
    hex("c4fabac3"),
    chinese,
  ],
  ["shift_jis sjis x-sjis ms_kanji windows-31j csShiftJIS cp932", hex("89ef8b63"), japanese],
  ["euc-jp eucjp x-euc-jp csEUCPkdFmtJapanese cp51932", hex("b2f1b5c4"), japanese],
  ["macintosh x-mac-roman mac csMacintosh", hex("47729fa765"), "Grüße"],
  ["x-mac-cyrillic", hex("82f1f2f0e5f7e0"), "Встреча"],
  ["x-mac-ce", hex("88a2"), "ąĘ"],
  ["x-mac-greek", iconv.encode("Αα", "macgreek"), "Αα"],
  [
    "ibm037 cp037 csIBM037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-nl",
    hex("c8859393966b40a6969993845a"),
    "Hello, world!",
  ],
  ["ibm500 cp500 ebcdic-cp-be ebcdic-cp-ch", hex("c8859393966b40a6969993844f"), "Hello, world!"],
  ["ibm273 cp273", hex("c799d0a185"), "Grüße"],
  ["ibm1047 cp1047", hex("ad81bd"), "[a]"],
  ["ibm01140 cp1140 ccsid01140", hex("9f f1"), "€1"],
  ["ibm1141", hex("9f"), "€"],
  ["ibm1026", hex("5a 5b"), "Ğİ"],
  ["ibm424", hex("41 42 43"), "אבג"],
  ["ibm875", hex("41 8a"), "Αα"],
  ["ibm880 ibm1025", hex("77 78"), "аб"],
  ["ibm437 cp437 csPC8CodePage437", hex("4772 81 e1 65"), "Grüße"],
  ["ibm850 cp850", hex("4772 81 e1 65"), "Grüße"],
  ["ibm852 cp852", hex("a5 a9"), "ąę"],
  ["ibm858 cp858", hex("d5"), "€"],
  ["ibm862 cp862 dos-862", hex("808182"), "אבג"],
  ["ibm866 cp866 866", cyrillic("cp866"), "Встреча"],
  ["cp1125", cyrillic("cp1125"), "Встреча"],
  ["cp720", iconv.encode("سلام", "cp720"), "سلام"],
  ["koi8-r cskoi8r koi", cyrillic("koi8-r"), "Встреча"],
  ["koi8-u koi8-ru", cyrillic("koi8-u"), "Встреча"],
  ["koi8-t", cyrillic("koi8-t"), "Встреча"],
  ["windows-1251 win-1251 cp1251 cp-1251 x-cp1251 ansi-1251", cyrillic("windows-1251"), "Встреча"],
  [
    "iso-8859-5 8859-5 iso8859_5 iso_8859-5:1988 csISOLatinCyrillic cyrillic",
    cyrillic("iso-8859-5"),
    "Встреча",
  ],
  [
    "iso-8859-1 latin1 latin-1 l1 8859-1 iso8859-1 iso_8859_1 windows-1252 cp1252 ansi",
    hex("4772fcdf65"),
    "Grüße",
  ],
  ["iso-8859-2 latin2 csISOLatin2 8859-2", hex("b1ea"), "ąę"],
  ["windows-1250 cp1250 win1250", hex("b9ea"), "ąę"],
  ["iso-8859-15 latin9 latin-9", hex("a4"), "€"],
  ["iso-8859-16", hex("baaa"), "șȘ"],
  ["iso-8859-6 iso-8859-6-i arabic", iconv.encode("سلام", "iso-8859-6"), "سلام"],
  ["windows-1256 cp1256", iconv.encode("سلام", "windows-1256"), "سلام"],
  ["iso-8859-8 iso-8859-8-i iso-8859-8-e logical visual", hex("f9eced"), "שלם"],
  ["windows-1255", hex("f9eced"), "שלם"],
  ["iso-8859-7 greek elot_928", hex("c1e1"), "Αα"],
  ["windows-1253", hex("c1e1"), "Αα"],
  ["iso-8859-9 latin5 windows-1254", hex("f0fd"), "ğı"],
  ["windows-1257 iso-8859-13", hex("e0e6"), "ąę"],
  ["windows-1258", hex("c2fe"), "Â₫"],
  ["windows-874 tis-620 iso-8859-11 dos-874 cp874", hex("cac7"), "สว"],
  ["viscii", iconv.encode("Việt", "viscii"), "Việt"],
  ["tcvn", iconv.encode("Việt", "tcvn"), "Việt"],
  ["armscii-8", iconv.encode("Հայ", "armscii8"), "Հայ"],
  ["georgian-ps", iconv.encode("ქართ", "georgianps"), "ქართ"],
  ["pt154 rk1048", iconv.encode("Қазақ", "pt154"), "Қазақ"],
  ["hp-roman8 roman8", iconv.encode("Grüße", "hproman8"), "Grüße"],
  ["utf-8 utf8 unicode-1-1-utf-8 utf8mb4", Buffer.from("Grüße"), "Grüße"],
  ["utf-16le utf-16 unicode ucs-2", Buffer.from("Grüße", "utf16le"), "Grüße"],
  ["utf-16be iso-10646-ucs-2", Buffer.from("Grüße", "utf16le").swap16(), "Grüße"],
  ["utf-32le", iconv.encode("Grüße", "utf-32le"), "Grüße"],
  ["utf-32be", iconv.encode("Grüße", "utf-32be"), "Grüße"],
];
const labels = samples.flatMap(([names, bytes, text]) =>
  names.split(" ").map((name) => [name, bytes, text] as const),
);

describe("A charset label", () => {
  test.each(labels)("%s is known", (label, bytes, text) => {
    expect(judgeText(bytes, label)).toEqual({ text });
    expect(judgeText(bytes, `"${label.toUpperCase()}"`)).toEqual({ text });
  });

  test.each(labels.filter(([label]) => !/[^\w.:-]/.test(label)))(
    "%s is known in encoded words",
    (label, bytes, text) => {
      expect(decodeEncodedWords(`=?${label}?B?${bytes.toString("base64")}?=`)).toBe(text);
    },
  );

  test.each([
    "x-user-defined",
    "x-unknown",
    "unknown-8bit",
    "us-ascii",
    "binary",
    "no-such-charset",
    "",
    "__proto__",
    "constructor",
    "base64",
    "hex",
  ])("%j leaves the charset to be guessed", (label) => {
    expect(charsetDecoder(label)).toBeUndefined();
    expect(judgeText(hex("52e9756e696f6e20e0203135 2068"), label)).toEqual({
      text: "Réunion à 15 h",
      guessed: "windows-1252",
    });
  });

  test("keeps the parameters that some programs append to it", () => {
    for (const label of ["koi8-r; format=flowed", "koi8-r*ru", "'koi8-r'", " KOI8-R "])
      expect(decodeText(cyrillic("koi8-r"), label)).toBe("Встреча");
  });
});

describe("Text that contradicts its charset", () => {
  test("stays UTF-8 with U+FFFD for some invalid bytes", () => {
    const text = "Встреча начнётся в три часа.";
    const bytes = Buffer.concat([Buffer.from(text), hex("d166ff"), Buffer.from(text)]);
    expect(judgeText(bytes, "utf-8")).toEqual({ text: `${text}\uFFFDf\uFFFD${text}` });
    expect(judgeText(bytes)).toEqual({ text: `${text}\uFFFDf\uFFFD${text}` });
  });

  test("that is declared as UTF-8 and has no character of it is guessed", () => {
    expect(judgeText(hex("4772fcdf65"), "utf-8")).toEqual({ text: "Grüße", guessed: "windows-1252" });
    expect(judgeText(iconv.encode("Добрый день", "windows-1251"), "utf-8").text).toBe("Добрый день");
  });

  test.each(["iso-8859-1", "windows-1251", "koi8-r", "us-ascii", "ibm850"])(
    "that is UTF-8 and not %s is UTF-8",
    (label) => {
      expect(judgeText(Buffer.from("Grüße aus Köln"), label)).toEqual({ text: "Grüße aus Köln" });
    },
  );

  test("with ISO-2022 escapes is what they say, also where nothing is declared", () => {
    for (const label of [undefined, "utf-8", "us-ascii", "iso-8859-1"]) {
      expect(judgeText(Buffer.from("\x1b$B2q5D\x1b(B"), label)).toEqual({ text: japanese });
      expect(judgeText(Buffer.from("\x1b$)C\x0e>H3g\x0f"), label)).toEqual({ text: "안녕" });
    }
  });

  test("with bytes that windows-1252 does not have is guessed", () => {
    const text = "こんにちは、会議は午後三時に始まります。";
    expect(judgeText(iconv.encode(text, "shift_jis"), "iso-8859-1")).toEqual({ text, guessed: "shift_jis" });
  });

  test("of one damaged character stays in its multi-byte charset", () => {
    const text = "会議は三時に始まります。";
    const bytes = Buffer.concat([
      iconv.encode(text, "shift_jis"),
      hex("81 20"),
      iconv.encode(text, "shift_jis"),
    ]);
    expect(judgeText(bytes, "shift_jis").guessed).toBeUndefined();
    expect(decodeText(bytes, "shift_jis")).toStartWith(text);
  });

  test("with a byte order mark is UTF-16 or UTF-32", () => {
    for (const label of ["utf-8", "iso-8859-1", undefined]) {
      expect(judgeText(hex("fffe 47007200fc00"), label)).toEqual({ text: "Grü" });
      expect(judgeText(hex("feff 0047007200fc"), label)).toEqual({ text: "Grü" });
      expect(judgeText(hex("fffe0000 47000000fc000000"), label)).toEqual({ text: "Gü" });
    }
    expect(judgeText(hex("efbbbf 4772c3bc"), "iso-8859-1")).toEqual({ text: "Grü" });
  });

  test("that ends in the middle of a character lacks only that one", () => {
    expect(judgeText(Buffer.from("Grüße").subarray(0, -2), "utf-8")).toEqual({ text: "Grü" });
    expect(judgeText(iconv.encode("会議", "shift_jis").subarray(0, -1), "shift_jis")).toEqual({ text: "会" });
    expect(decodeText(hex("636166e9"))).toBe("café");
  });
});

describe("A header", () => {
  const one = (line: string | Buffer, charset?: string) => parseHeaders(Buffer.from(line), charset)[0]?.value;

  test("of raw bytes is UTF-8, or the charset of the text, or guessed with the other headers", () => {
    expect(one("Subject: Grüße")).toBe("Grüße");
    expect(one(Buffer.concat([Buffer.from("Subject: "), cyrillic("koi8-r")]), "koi8-r")).toBe("Встреча");
    const lines = ["Subject: Здравствуй", "From: Ирина <i@mail.example>", "To: Алексей <a@mail.example>"];
    const values = parseHeaders(iconv.encode(lines.join("\r\n"), "windows-1251")).map(({ value }) => value);
    expect(values).toEqual(["Здравствуй", "Ирина <i@mail.example>", "Алексей <a@mail.example>"]);
  });

  test("in UTF-8 keeps it beside one that is not", () => {
    const raw = Buffer.concat([Buffer.from("Subject: Grüße\r\nFrom: "), Buffer.from("Jürgen", "latin1")]);
    expect(parseHeaders(raw).map(({ value }) => value)).toEqual(["Grüße", "Jürgen"]);
  });

  test("with raw bytes in an encoded word shows them (RFC 2047 section 2 forbids them)", () => {
    const raw = Buffer.from(
      "From: =?iso-8859-1?Q?J\u00fcrgen?= <j@x.example>\r\nSubject: =?iso-8859-1?Q?Die_Fr\u00f6sche?=",
      "latin1",
    );
    const [from, subject] = parseHeaders(raw);
    expect(parseAddresses(from?.value)).toEqual([{ name: "Jürgen", address: "j@x.example" }]);
    expect(decodeEncodedWords(subject?.value ?? "")).toBe("Die Frösche");
  });

  test("with raw bytes in an encoded word is read in the charset of the word", () => {
    const raw = Buffer.concat([
      Buffer.from("Subject: =?koi8-r?Q?"),
      iconv.encode("Мир", "koi8-r"),
      Buffer.from("?="),
    ]);
    expect(decodeEncodedWords(one(raw) ?? "")).toBe("Мир");
  });

  test.each([
    ["=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=", "Grüße"],
    ["=?utf-8?B?R3LD?=\t=?UTF-8?B?vMOfZQ==?=", "Grüße"],
    ["=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"],
    ["=?utf-8?Q?two words?= three", "two words three"],
    ["=?iso-8859-1*de?Q?Gr=FC=DFe?=", "Grüße"],
    ["=?no-such?Q?Gr=FC=DFe?=", "Grüße"],
    ["=?us-ascii?Q?a=3Fb?=", "a?b"],
    ["=?utf-8?X?abc?=", "=?utf-8?X?abc?="],
    ["=?utf-8?Q?open", "=?utf-8?Q?open"],
    ["plain", "plain"],
    ["a =?utf-8?Q?b?= c", "a b c"],
  ])("RFC 2047: %s is %s", (value, text) => {
    expect(decodeEncodedWords(value)).toBe(text);
  });

  test("gives hints on the charset of the text: domain, language, encoded words", () => {
    const headers = parseHeaders(
      Buffer.from(
        "From: =?koi8-r?Q?=F7?= <a@mail.example.ru>\r\nSubject: =?windows-1251?Q?=C2?=\r\nContent-Language: ru, uk",
      ),
    );
    const { charsets = [], languages = [], topLevelDomain } = charsetHintsOf(headers);
    expect([...charsets].sort()).toEqual(["koi8-r", "windows-1251"]);
    expect(languages.map((tag) => tag.trim())).toEqual(["ru", "uk"]);
    expect(topLevelDomain).toBe("ru");
  });
});
