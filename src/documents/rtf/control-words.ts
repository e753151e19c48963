/** The words of RTF (Microsoft's specification 1.9.1) that matter to who reads its text. */

/** Destinations whose words are about the text and not of it. */
export const silent = new Set(
  "fonttbl colortbl stylesheet info pict object listtable listoverridetable mhtmltag themedata generator xmlnstbl datastore latentstyles sp shprslt filetbl revtbl nonshppict listpicture".split(
    " ",
  ),
);

/** Destinations that may be left out by who does not know them, and are not. */
export const known = new Set(["htmltag", "shpinst", "shptxt", "annotation", "fldinst", "footnote"]);

/** What stands before and after the text of a group. */
export const framed: Readonly<Record<string, readonly [string, string]>> = {
  footnote: [" [note: ", "]"],
  annotation: [" [comment: ", "]"],
  deleted: ["[deleted: ", "]"],
  revised: ["[inserted: ", "]"],
  shptxt: ["\n", "\n"],
  ...Object.fromEntries(
    ["header", "headerl", "headerr", "headerf"].map((name) => [name, ["\n[header: ", "]\n"] as const]),
  ),
  ...Object.fromEntries(
    ["footer", "footerl", "footerr", "footerf"].map((name) => [name, ["\n[footer: ", "]\n"] as const]),
  ),
};

export const spoken: Readonly<Record<string, string>> = {
  par: "\n",
  line: "\n",
  sect: "\n",
  page: "\n",
  row: "\n",
  cell: " | ",
  tab: "\t",
  lquote: "‘",
  rquote: "’",
  ldblquote: "“",
  rdblquote: "”",
  bullet: "•",
  endash: "–",
  emdash: "—",
  emspace: " ",
  enspace: " ",
  "~": "\u00a0",
  _: "\u2011",
};

/** Code pages of fonts, by their \fcharset. */
export const fontPages: Readonly<Record<number, number>> = {
  128: 932,
  129: 949,
  134: 936,
  136: 950,
  161: 1253,
  162: 1254,
  163: 1258,
  177: 1255,
  178: 1256,
  186: 1257,
  204: 1251,
  222: 874,
  238: 1250,
};
/** A font of signs, whose letters are points and arrows. */
export const signCharset = 2;
