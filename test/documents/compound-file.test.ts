/** Word documents, presentations and saved emails in compound files (MS-CFB). */
import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import iconv from "iconv-lite";
import { readDocument } from "../../src/documents/read-document.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import {
  outlookMessage,
  pptBytes,
  pptNotesOf,
  pptOutlineReference,
  pptRecord,
  pptText,
  presentation,
} from "../support/legacy-files.ts";
import { compoundFile } from "../support/workbooks.ts";

const wordFile = (name = "libreoffice.doc") =>
  Bun.file(join(import.meta.dir, "..", "fixtures", "documents", name)).bytes();

test("MS-DOC section 2.9.175: headings and the items of nested lists are marked", async () => {
  const file = await wordFile("headings-and-lists.doc");
  const text = [
    "# Main title",
    "Intro text here.",
    "## Second level",
    "- Apples\n- Pears\n  - Small pears",
    "Between.",
    "1. First\n2. Second\n3. Third",
    "| a | b |\n| 1 | 2 |",
    "### Third level",
    "End.",
  ];
  expect(await readDocument(file)).toEqual({ text: text.join("\n\n"), notes: [] });
});

test("MS-DOC section 2.9.147: text whose lists are damaged is read without marks", async () => {
  const file = Buffer.from(await wordFile("headings-and-lists.doc"));
  const block = file.indexOf(Buffer.from([0xec, 0xa5]));
  file.writeUInt32LE(0x7fffffff, block + 0x02e2);
  expect((await readDocument(file)).text).toStartWith(
    "Main title\n\nIntro text here.\n\nSecond level\n\nApples",
  );
});

test("MS-DOC: the paragraphs and tables of a Word document are read", async () => {
  expect(await readDocument(await wordFile())).toEqual({
    text: "# Report for März\n\nFirst paragraph with bold and a link text.\n\n- Item one\n- Item two\n1. First\n2. Second\n\n| Month | Sum |\n| April |\n| Größe | 1 234 € |\n\nПривет, 世界. Last.",
    notes: [],
  });
});

const wordBlock = (version: number, flags: number, { language = 0x0409, text = Buffer.alloc(0) } = {}) => {
  const block = Buffer.alloc(2_000);
  block.writeUInt16LE(0xa5ec, 0);
  block.writeUInt16LE(version, 2);
  block.writeUInt16LE(language, 0x06);
  block.writeUInt16LE(flags, 0x0a);
  block.writeUInt32LE(block.length, 0x18);
  block.writeUInt32LE(block.length + text.length, 0x1c);
  return compoundFile({ WordDocument: Buffer.concat([block, text]), "1Table": Buffer.alloc(600) });
};

test("MS-DOC section 2.5.2: a document under a password, and unreadable ones before 97, are reported as such", async () => {
  expect((await readDocument(wordBlock(0xc1, 0x0100))).notes).toEqual([
    "The document is protected by a password.",
  ]);
  const unreadable = ["A document of Word 95 or older, in a form that is not read."];
  expect((await readDocument(wordBlock(0x68, 0x0004))).notes).toEqual(unreadable);
  expect((await readDocument(wordBlock(0x2d, 0))).notes).toEqual(unreadable);
});

test("a document of Word 95 is read in the code page of its language, with its tables and fields", async () => {
  const text = iconv.encode(
    "\u041f\u0440\u0438\u0432\u0435\u0442 \x13PAGE \\* MERGEFORMAT\x147\x15 \x13TOC\x15end\rA\x07B\x07\x07C\x07D\x07\x07line\x0bnext\r",
    "windows-1251",
  );
  expect(await readDocument(wordBlock(0x68, 0, { language: 0x0419, text: Buffer.from(text) }))).toEqual({
    text: "Привет 7 end\n\n| A | B |\n| C | D |\n\nline\n\nnext",
    notes: [],
  });
});

/** SlideShowSlideInfoAtom (MS-PPT section 2.6.6) with the flag fHidden. */
const hidden = () => pptRecord(0x03f9, Buffer.from("00000000000000000000040000000000", "hex"));

test("MS-PPT: slides are read in their order with their outline, boxes and notes", async () => {
  const file = presentation(
    [
      {
        id: 256,
        records: [pptOutlineReference(1), pptBytes("A box, gr\xf6\xdfer"), pptBytes("*")],
        outline: [pptText("Not\vplaced"), pptText("Title 世界")],
      },
      {
        id: 257,
        records: [[hidden(), pptText("The end\rof it")]].map((inside) => pptRecord(0x0f00, inside)),
      },
    ],
    [{ id: 300, records: [pptNotesOf(257), pptText("Say\rgoodbye")] }],
  );
  expect(await readDocument(file)).toEqual({
    text: "## Slide 1\n\nNot\nplaced\n\nTitle 世界\n\nA box, größer\n\n## Slide 2 (hidden)\n\nThe end\nof it\n\nNotes: Say goodbye",
    notes: [],
  });
});

test("MS-PPT section 2.3.3: what an edit replaced is not shown", async () => {
  const slide = (text: string) => ({ id: 256, records: [pptText(text)] });
  const { text } = await readDocument(presentation([slide("after")], [], slide("before")));
  expect(text).toBe("## Slide 1\n\nafter");
});

test("MS-PPT section 2.3.2: a presentation under a password is reported as such", async () => {
  const user = pptRecord(0x0ff6, Buffer.from("14000000dfc4d1f300000000", "hex"));
  const file = compoundFile({ "PowerPoint Document": "x", "Current User": user });
  expect((await readDocument(file)).notes).toEqual(["The presentation is protected by a password."]);
});

test("records nested 50,000 deep, circles of edits and false lengths end with a text or a note", async () => {
  let nested = Buffer.from(pptText("deep"));
  const open = Buffer.from("0f000000ffffff7f", "hex");
  nested = Buffer.concat([...Array.from({ length: 50_000 }, () => open), nested]);
  const file = presentation([{ id: 256, records: [nested, pptText("after")] }]);
  const reader = createDocumentReader({ deadlineMs: 10_000 });
  const { text, notes } = await reader.read(file, AbortSignal.timeout(30_000));
  expect(text + notes.join()).not.toBe("");
  const user = (offset: number) =>
    pptRecord(
      0x0ff6,
      Buffer.from(`140000005fc091e3${Buffer.from([offset, 0, 0, 0]).toString("hex")}`, "hex"),
    );
  const edit = pptRecord(0x0ff5, Buffer.from(`0000000000000000${"08000000".repeat(5)}`, "hex"));
  const circle = compoundFile({
    "PowerPoint Document": Buffer.concat([Buffer.alloc(8), edit]),
    "Current User": user(8),
  });
  expect((await readDocument(circle)).notes.length).toBe(1);
});

const people = [
  { name: "Ben", address: "ben@example.org", type: 1 as const },
  { name: "Carl", address: "/O=CORP/CN=CARL", type: 1 as const },
  { name: "dora@example.org", address: "dora@example.org", type: 2 as const },
];

test("MS-OXMSG: headers, text and attachments of a saved email are read", async () => {
  const file = outlookMessage(
    {
      26: "IPM.Note",
      55: "Größe 世界",
      3098: "Ann",
      23809: "ann@example.org",
      57: new Date("2024-05-06T10:00:00Z"),
      4096: "First line\r\nsecond",
    },
    {
      recipients: people,
      files: [
        { name: "sums.csv", type: "text/csv", bytes: Buffer.from("a,b") },
        { name: "dot.png", type: "image/png", bytes: Buffer.from("x") },
      ],
    },
  );
  const { text, notes, files } = await readDocument(file);
  expect(text).toBe(
    "From: Ann <ann@example.org>\nTo: Ben <ben@example.org>, Carl\nCc: dora@example.org\nDate: 2024-05-06T10:00:00Z\nSubject: Größe 世界\nAttachment: sums.csv (text/csv, 3 bytes)\nAttachment: dot.png (image/png, 1 bytes)\n\nFirst line\nsecond",
  );
  expect(notes).toEqual([]);
  expect(files?.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])).toEqual([
    ["sums.csv", "a,b"],
  ]);
});

test("MS-OXCMSG: a body in HTML is given out in UTF-8, and texts are in the code page of the email", async () => {
  const cyrillic = Buffer.from("cff0e8e2e5f2", "hex");
  const file = outlookMessage({
    55: { ansi: cyrillic },
    16381: 1251,
    16350: 20_866,
    4115: Buffer.from("<p>\xf0\xd2\xc9\xd7\xc5\xd4</p>", "latin1"),
  });
  const { text, files } = await readDocument(file);
  expect(text).toBe("Subject: Привет");
  expect(files?.map(({ name, type, bytes }) => [name, type, Buffer.from(bytes).toString()])).toEqual([
    ["", "text/html", "<p>Привет</p>"],
  ]);
});

test("compound files altered anywhere end with a text or a note", async () => {
  const files = [
    Buffer.from(await wordFile()),
    presentation([{ id: 256, records: [pptText("words")] }]),
    outlookMessage({ 55: "Subject", 4096: "words" }, { recipients: people }),
  ];
  const altered = fc.tuple(
    fc.nat(files.length - 1),
    fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { maxLength: 8 }),
    fc.integer({ min: 600, max: 40_000 }),
  );
  const property = fc.asyncProperty(altered, async ([which, changes, end]) => {
    const bytes = Uint8Array.from(files[which] ?? []);
    for (const [at, byte] of changes) bytes[8 + (at % (bytes.length - 8))] = byte;
    const { text, notes } = await readDocument(bytes.subarray(0, end));
    expect(text.isWellFormed() && notes.length >= 0).toBe(true);
  });
  await fc.assert(property, { numRuns: 150 });
});
