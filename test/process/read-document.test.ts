/** `read-document` and `render` of the compiled executable: they contain all readers, and need no settings. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { encodeMessage, readMessages } from "../../src/child-process/messages.ts";
import { binary } from "../support/binary.ts";
import { docx, odt, pdf, pptx, xlsx, xlsxOf } from "../support/documents.ts";
import { outlookMessage } from "../support/legacy-files.ts";
import { asianPdf } from "../support/pdf-documents.ts";

const fixture = (name: string) => Bun.file(join(import.meta.dir, "..", "fixtures", "documents", name));
const wordFile = fixture("libreoffice.doc");
const workbookFile = fixture("libreoffice.xls");

const documents: [string, Uint8Array, string][] = [
  ["PDF", pdf(["Compiled words"]), "Compiled words"],
  ["PDF in Japanese", asianPdf("90ms-RKSJ-H", "Japan1", "93fa967b"), "日本"],
  ["Word", docx(), "# Report"],
  ["Excel", xlsx(), "| April | 2024-05-06 | 900.5 | TRUE |"],
  ["PowerPoint", pptx(), "The beginning"],
  ["OpenDocument", odt(), "## Minutes"],
  [
    "a spreadsheet's formats",
    xlsxOf('<row><c s="0"><v>0.125</v></c></row>', { formats: ["0.0%"] }),
    "| 12.5% |",
  ],
  ["a Word document before 2007", await wordFile.bytes(), "| Month | Sum |"],
  ["a workbook before 2007", await workbookFile.bytes(), "Größe"],
  ["an email saved by Outlook", outlookMessage({ 55: "Saved" }), "Subject: Saved"],
  ["rich text", Buffer.from("{\\rtf1 Rich words}"), "Rich words"],
];

test.each(documents)(
  "The executable reads %s",
  async (_, content, words) => {
    const child = Bun.spawn([await binary(), "read-document"], {
      stdin: content,
      stdout: "pipe",
      env: {},
      cwd: "/",
    });
    const { text, notes } = await new Response(child.stdout).json();
    expect(text).toContain(words);
    expect(notes).toEqual([]);
    expect(await child.exited).toBe(0);
  },
  60_000,
);

test("The executable renders HTML, one message after another, until its standard input ends", async () => {
  const child = Bun.spawn([await binary(), "render"], { stdin: "pipe", stdout: "pipe", env: {}, cwd: "/" });
  const html = Buffer.from("<p>Compiled <b>words</b></p>");
  const part = { part: "1", type: "text/html", size: html.length, parameters: {}, children: [] };
  const header = {
    task: "body",
    contents: { texts: [{ html: part }], calendars: [], attachments: [] },
    request: { format: "markdown", forward: false },
    parts: ["1"],
  };
  const messages = readMessages(child.stdout, 1_000_000);
  expect((await messages.next()).value).toMatchObject({ header: "ready" });
  for (let time = 0; time < 2; time += 1) {
    for (const bytes of encodeMessage({ header, pieces: [html] })) child.stdin.write(bytes);
    child.stdin.flush();
    expect((await messages.next()).value).toMatchObject({
      header: { text: "Compiled **words**", notes: [] },
    });
  }
  child.stdin.end();
  expect(await child.exited).toBe(0);
}, 60_000);
