/** RTF files (Rich Text Format Specification 1.9.1): their text, and the marks for what is not plain text. */
import { expect, test } from "bun:test";
import { readDocument } from "../../src/documents/read-document.ts";
import { readTnef } from "../../src/documents/tnef/tnef.ts";
import { packRtf, winmail } from "../fixtures/make/tnef.ts";

const read = (body: string) => readDocument(Buffer.from(`{\\rtf1\\ansi\\ansicpg1252 ${body}}`, "latin1"));

const examples: [feature: string, body: string, text: string][] = [
  [
    "paragraphs, escaped bytes, Unicode and special characters",
    "One\\par Two\\tab \\'fc \\u8364? \\{x\\}\\emdash\\~end",
    "One\nTwo\tü € {x}—\u00a0end",
  ],
  [
    "bytes in the code page of their font",
    "{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset204 B;}}\\f1 \\'cf\\'f0\\'e8 {\\f0 \\'e4}",
    "При ä",
  ],
  [
    "text without the font table and pictures",
    "{\\fonttbl{\\f0 Arial;}}{\\pict\\wmetafile8 0102abcd}Text",
    "Text",
  ],
  [
    "table rows with several paragraphs in a cell",
    "\\trowd\\intbl A\\cell\\intbl B\\par C\\cell\\row\\pard After",
    "A | B / C\nAfter",
  ],
  [
    "link targets",
    '{\\field{\\*\\fldinst HYPERLINK "https://a.example/"}{\\fldrslt here}}',
    "[here](https://a.example/)",
  ],
  [
    "footnotes and comments",
    "Rent{\\super\\chftn}{\\*\\footnote Monthly.} now{\\*\\atnauthor Ben}{\\*\\annotation Too high?}",
    "Rent [note: Monthly.] now [comment: Too high?]",
  ],
  [
    "tracked changes",
    "Pay {\\deleted\\revdttmdel-1480512896 90}{\\revised\\revauth1 120}{\\revised\\par}",
    "Pay [deleted: 90][inserted: 120]",
  ],
  [
    "text boxes",
    "Before{\\shp{\\*\\shpinst{\\sp{\\sn x}{\\sv 1}}{\\shptxt In the box}}{\\shprslt again}}",
    "Before\nIn the box",
  ],
  ["headers", "{\\header Acme Ltd\\par}Text", "[header: Acme Ltd]\nText"],
];

test.each(examples)("reads %s", async (_feature, body, text) => {
  expect(await read(body)).toEqual({ text, notes: [] });
});

test("leaves out hidden text, and counts its characters", async () => {
  expect(await read("Seen {\\v unseen}{\\v\\plain again}\\v not\\v0  end")).toEqual({
    text: "Seen again end",
    notes: ["Hidden text was left out: 9 characters."],
  });
});

test("MS-OXRTFEX: reads the text of a file made from HTML, not its HTML source", async () => {
  expect((await read("\\fromhtml1 {\\*\\htmltag64 <p>}Words")).text).toBe("Words");
});

test("ignores control words named like a property of every object", async () => {
  const body = "One\\constructor\\valueOf {\\toString  two}";
  expect(await read(body)).toEqual({ text: "One two", notes: [] });
  // winmail.dat is read in the server process, where an exception would fail the call.
  expect(readTnef(winmail({ rtf: packRtf(`{\\rtf1 ${body}}`) }))?.text).toBe("One two");
});
