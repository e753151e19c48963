/** XLSX files (ECMA-376 part 1, section 18): cells as Excel shows them. */
import { describe, expect, test } from "bun:test";
import { readDocument } from "../../src/documents/read-document.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { toNumberFormat } from "../../src/documents/sheet/number-format.ts";
import { relations, xlsxOf } from "../support/documents.ts";

const formatted: [format: string, value: string, text: string][] = [
  ["General", "99.90000000000001", "99.9"],
  ["General", "123456789012345", "123456789012345"],
  ["0.0%", "0.125", "12.5%"],
  ["0%", "0.19", "19%"],
  ['"$"#,##0.00', "1234.5", "$1,234.50"],
  ['#,##0.00\\ "€"', "-1234.5", "-1,234.50 €"],
  ["[$€-407]\\ #,##0.00", "1234.9", "€ 1,234.90"],
  ['_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-', "5", "5.00 €"],
  ["#,##0;[Red]-#,##0", "-5000", "-5,000"],
  ["00000", "1234", "01234"],
  ["# ?/?", "0.5", "1/2"],
  ['0.0" kg"', "12.5", "12.5 kg"],
  ["@", "7", "7"],
  ["dd\\.mm\\.yyyy", "45296", "2024-01-05"],
  ["m/d/yy", "45296", "2024-01-05"],
  ["yyyy-mm-dd hh:mm", "45296.604166666664", "2024-01-05T14:30"],
  ["mmmm yyyy", "45352", "March 2024"],
  ["h:mm AM/PM", "0.6041666666666666", "2:30 PM"],
  ["[h]:mm:ss", "1.2535532407407407", "30:05:07"],
  ["no [[ format", "45296", "45296"],
  ["0".repeat(300), "5", "5"],
  ["0.00", "no number", "no number"],
];

test.each(formatted)("section 18.8.30: the format %s shows the value %s as %s", (format, value, text) => {
  expect(toNumberFormat(format).toText(value)).toBe(text);
});

describe("a workbook", () => {
  const read = (rows: string, more?: Parameters<typeof xlsxOf>[1]) => readDocument(xlsxOf(rows, more));

  test("formats each cell by its type and style", async () => {
    const { text } = await read(
      '<row r="1"><c r="A1" s="1"><v>45296</v></c><c r="B1" s="0"><v>0.07</v></c><c r="C1" t="b"><v>0</v></c><c r="D1" t="e"><v>#DIV/0!</v></c><c r="E1" t="str" s="0"><f>A1</f><v>0.5</v></c></row>',
      { formats: ["0%", "d.m.yy"] },
    );
    expect(text).toBe("## Sheet\n\n| 2024-01-05 | 7% | FALSE | #DIV/0! | 0.5 |");
  });

  test("shows a formula that has no calculated value", async () => {
    const { text } = await read(
      '<row><c r="A1"><f>SUM(B1:B9)</f><v/></c><c r="B1"><f>1+1</f><v>2</v></c></row>',
    );
    expect(text).toContain("| =SUM(B1:B9) | 2 |");
  });

  test("section 18.2.28: counts days from 1904 where the workbook does, and leaves other numbers alone", async () => {
    const { text } = await read('<row><c s="0"><v>43834</v></c><c s="1"><v>43834</v></c></row>', {
      formats: ["d.m.yyyy", "#,##0"],
      book: '<workbookPr date1904="1"/>',
    });
    expect(text).toContain("| 2024-01-05 | 43,834 |");
  });

  test("marks hidden rows and columns", async () => {
    const { text } = await read(
      '<row r="1"><c r="A1"><v>1</v></c></row><row r="2" hidden="1"><c r="A2"><v>2</v></c></row>',
      { before: '<cols><col min="5" max="5" hidden="1"/><col min="27" max="28" hidden="true"/></cols>' },
    );
    expect(text).toBe("## Sheet\n\n| 1 |\n| 2 | (hidden row) |\n\n(hidden columns: E, AA:AB)");
  });

  test("appends links and comments to their cells, also to empty ones", async () => {
    const { text } = await read('<row r="2"><c r="B2" t="str"><v>Pay</v></c></row>', {
      after: '<hyperlinks><hyperlink ref="B2" r:id="rId1"/></hyperlinks>',
      parts: {
        "xl/worksheets/_rels/sheet1.xml.rels": relations({
          rId1: ["hyperlink", "https://pay.example/1"],
          rId2: ["comments", "../comments1.xml"],
        }),
        "xl/comments1.xml":
          '<comments><authors><author>Ann</author></authors><commentList><comment ref="B2" authorId="0"><text><r><t>When</t></r><r><t>?</t></r></text></comment><comment ref="A4" authorId="0"><text><t>[Threaded comment]\n\nYour version …\n\nComment:\n    Soon</t></text></comment></commentList></comments>',
      },
    });
    expect(text).toBe(
      "## Sheet\n\n|  | Pay (https://pay.example/1) [comment by Ann: When?] |\n| [comment by Ann: Soon] |",
    );
  });

  test("counts the pictures", async () => {
    const { notes } = await read("<row/>", {
      parts: { "xl/media/image1.png": "x", "xl/media/image2.png": "x" },
    });
    expect(notes).toEqual(["The file contains 2 pictures, which are not shown here."]);
  });

  test("says when rows or the text are cut, also when one long string is repeated", async () => {
    const wide = await read('<row><c r="A1"><v>1</v></c><c r="ZZ1"><v>2</v></c></row>');
    expect(wide.notes).toEqual(["Only the first 200 columns of each row were read."]);
    const rows = '<row><c t="s"><v>0</v></c></row>'.repeat(1_000);
    const long = await read(rows, {
      parts: { "xl/sharedStrings.xml": `<sst><si><t>${"word".repeat(100_000)}</t></si></sst>` },
    });
    expect(long.text.length).toBe(2_000_000);
    expect(long.notes).toEqual([
      "Only the first 2000000 characters were read; a download link gives the whole file.",
    ]);
  });
});

// The memory of a process is read from /proc.
test.skipIf(process.platform !== "linux")(
  "reads a sheet of half a million rows as a stream, within a small memory limit",
  async () => {
    const file = xlsxOf(
      '<row><c s="0"><v>0.125</v></c><c t="str"><v>some words</v></c><c><v>45296</v></c></row>'.repeat(
        500_000,
      ),
    );
    const reader = createDocumentReader({ maxMemoryBytes: 180_000_000 });
    const { text, notes } = await reader.read(file, AbortSignal.timeout(30_000));
    expect(text.length).toBe(2_000_000);
    expect(notes.join()).toContain("Only the first 2000000 characters were read");
  },
);
