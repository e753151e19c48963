/** What is read of rich text files (Microsoft's RTF specification 1.9.1). */
import { expect, test } from "bun:test";
import { readDocument } from "../../src/documents/read-document.ts";

const read = (body: string) => readDocument(Buffer.from(`{\\rtf1\\ansi\\ansicpg1252 ${body}}`, "latin1"));

const passages: [what: string, body: string, seen: string][] = [
  [
    "paragraphs, letters and signs",
    "One\\par Two\\tab \\'fc \\u8364? \\{x\\}\\emdash\\~end",
    "One\nTwo\tü € {x}—\u00a0end",
  ],
  [
    "letters in the code page of their font",
    "{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset204 B;}}\\f1 \\'cf\\'f0\\'e8 {\\f0 \\'e4}",
    "При ä",
  ],
  ["a fonts' list and pictures not", "{\\fonttbl{\\f0 Arial;}}{\\pict\\wmetafile8 0102abcd}Text", "Text"],
  [
    "a table's rows, with several lines in a cell",
    "\\trowd\\intbl A\\cell\\intbl B\\par C\\cell\\row\\pard After",
    "A | B / C\nAfter",
  ],
  [
    "links",
    '{\\field{\\*\\fldinst HYPERLINK "https://a.example/"}{\\fldrslt here}}',
    "[here](https://a.example/)",
  ],
  [
    "notes and comments",
    "Rent{\\super\\chftn}{\\*\\footnote Monthly.} now{\\*\\atnauthor Ben}{\\*\\annotation Too high?}",
    "Rent [note: Monthly.] now [comment: Too high?]",
  ],
  [
    "changes",
    "Pay {\\deleted\\revdttmdel-1480512896 90}{\\revised\\revauth1 120}{\\revised\\par}",
    "Pay [deleted: 90][inserted: 120]",
  ],
  [
    "boxes",
    "Before{\\shp{\\*\\shpinst{\\sp{\\sn x}{\\sv 1}}{\\shptxt In the box}}{\\shprslt again}}",
    "Before\nIn the box",
  ],
  ["headers", "{\\header Acme Ltd\\par}Text", "[header: Acme Ltd]\nText"],
];

test.each(passages)("reads %s", async (_, body, seen) => {
  expect(await read(body)).toEqual({ text: seen, notes: [] });
});

test("leaves out hidden words, and counts them", async () => {
  expect(await read("Seen {\\v unseen}{\\v\\plain again}\\v not\\v0  end")).toEqual({
    text: "Seen again end",
    notes: ["Text that the document hides was left out: 9 characters."],
  });
});

test("shows no source of HTML that a file was made from", async () => {
  expect((await read("\\fromhtml1 {\\*\\htmltag64 <p>}Words")).text).toBe("Words");
});
