/** Control words of RTF (Rich Text Format Specification 1.9.1) that matter for the text of a file. */

/** Destinations that do not contain text of the document. Font tables are read separately, for the code pages. */
export const skippedDestinations: ReadonlySet<string> = new Set(
  "colortbl stylesheet info pict object listtable listoverridetable mhtmltag themedata generator xmlnstbl datastore latentstyles sp shprslt filetbl revtbl nonshppict listpicture".split(
    " ",
  ),
);

/** Destinations that are read although they are marked as ignorable with `\*`. */
export const readIgnorableDestinations: ReadonlySet<string> = new Set([
  "htmltag",
  "shpinst",
  "shptxt",
  "annotation",
  "fldinst",
  "footnote",
]);

type Marks = readonly [before: string, after: string];
const header: Marks = ["\n[header: ", "]\n"];
const footer: Marks = ["\n[footer: ", "]\n"];

/** Marks before and after the text of a group with this word. */
export const groupMarks: ReadonlyMap<string, Marks> = new Map([
  ["footnote", [" [note: ", "]"]],
  ["annotation", [" [comment: ", "]"]],
  ["deleted", ["[deleted: ", "]"]],
  ["revised", ["[inserted: ", "]"]],
  ["shptxt", ["\n", "\n"]],
  ["header", header],
  ["headerl", header],
  ["headerr", header],
  ["headerf", header],
  ["footer", footer],
  ["footerl", footer],
  ["footerr", footer],
  ["footerf", footer],
]);

/** Text that a control word or symbol stands for; \par depends on its context (see rtf.ts). */
export const characters: ReadonlyMap<string, string> = new Map([
  ["line", "\n"],
  ["sect", "\n"],
  ["page", "\n"],
  ["row", "\n"],
  ["cell", " | "],
  ["tab", "\t"],
  ["lquote", "‘"],
  ["rquote", "’"],
  ["ldblquote", "“"],
  ["rdblquote", "”"],
  ["bullet", "•"],
  ["endash", "–"],
  ["emdash", "—"],
  ["emspace", " "],
  ["enspace", " "],
  ["~", "\u00a0"],
  ["_", "\u2011"],
  ["\r", "\n"],
  ["\n", "\n"],
  ["\\", "\\"],
  ["{", "{"],
  ["}", "}"],
]);

/** Code pages by the value of \fcharset; the other charsets have the code page of the file. */
export const codePagesByCharset: ReadonlyMap<number, number> = new Map([
  [128, 932],
  [129, 949],
  [134, 936],
  [136, 950],
  [161, 1253],
  [162, 1254],
  [163, 1258],
  [177, 1255],
  [178, 1256],
  [186, 1257],
  [204, 1251],
  [222, 874],
  [238, 1250],
]);

/** The charset of symbol fonts, whose characters are bullets and arrows. */
export const symbolCharset = 2;
