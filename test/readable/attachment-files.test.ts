/** Files inside attachments: members of archives, attachments of saved emails, and the limits on reading them. */
import { expect, test } from "bun:test";
import { zipSync } from "fflate";
import { readDocument, readPictures } from "../../src/documents/read-document.ts";
import { createDocumentReader, type DocumentReader } from "../../src/documents/sandbox.ts";
import { AppError } from "../../src/errors.ts";
import { toAttachmentText } from "../../src/readable/attachment-text.ts";
import { docx, pdf, zip } from "../support/documents.ts";
import { outlookMessage } from "../support/legacy-files.ts";
import { cpuMsOf } from "../support/own-time.ts";

const inProcess: DocumentReader = { read: (bytes) => readDocument(bytes), readPictures };

function read(bytes: Buffer, name: string, documents = inProcess) {
  const type = "application/octet-stream";
  const part = { part: "2", type, size: bytes.length, name, parameters: {}, children: [] };
  return toAttachmentText(bytes, part, documents, AbortSignal.timeout(30_000));
}

const archiveOf = (members: Readonly<Record<string, string | Uint8Array>>) =>
  Buffer.from(
    zipSync(
      Object.fromEntries(Object.entries(members).map(([name, content]) => [name, Buffer.from(content)])),
    ),
  );

const email =
  "From: Ann <ann@example.org>\r\nSubject: Inside\r\nContent-Type: text/html\r\n\r\n<p>The <b>needle</b></p>";

test("the files of an archive are read as attachments of their own, whatever their kind", async () => {
  const file = archiveOf({
    "folder/one.eml": email,
    "notes.txt": "needle two",
    "report.docx": docx(),
    "report.pdf": pdf(["Page one"]),
    "ann.vcf": "BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD\n",
    "photo.jpg": "\xff\xd8\xff",
    "noise.bin": Buffer.from([0, 1, 2, 3, 255]),
  });
  const { text, notes } = await read(file, "all.zip");
  expect(text).toStartWith("folder/one.eml (");
  for (const section of [
    "--- folder_one.eml ---\n\nFrom: Ann <ann@example.org>\nSubject: Inside\n\nThe **needle**",
    "--- notes.txt ---\n\nneedle two",
    "--- report.docx ---\n\n# Report",
    "--- report.pdf ---\n\nPage one",
    "--- ann.vcf ---\n\nName: Ann",
  ])
    expect(text).toContain(section);
  expect(text).not.toContain("--- photo.jpg");
  expect(text).not.toContain("--- noise.bin");
  expect(notes).toEqual([]);
});

test("an archive in an archive is listed, and its files are not read", async () => {
  const { text } = await read(archiveOf({ "inner.zip": zip({ "deep.txt": "too deep" }) }), "outer.zip");
  expect(text).toContain(
    "--- inner.zip ---\n\n[The files inside it are listed, not read.]\ndeep.txt (8 bytes)",
  );
  expect(text).not.toContain("too deep");
});

test("ten files and eight megabytes of an archive are read, and a note says how many there are", async () => {
  const many = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`${at}.txt`, `words ${at}`]));
  const { text, notes } = await read(archiveOf(many), "many.zip");
  expect(text).toContain("words 9");
  expect(text).not.toContain("words 10");
  expect(notes).toEqual([
    "10 of the 15 files that may contain text were read; a download link gives the whole file.",
  ]);
  const large = await read(
    archiveOf({ "a.txt": "a".repeat(9_000_000), "b.txt": "small words" }),
    "large.zip",
    createDocumentReader(),
  );
  expect(large.text).toContain("--- b.txt ---\n\nsmall words");
  expect(large.text).not.toContain("--- a.txt");
  expect(large.notes).toEqual([
    "1 of the 2 files that may contain text were read; a download link gives the whole file.",
  ]);
});

test("a file that takes too long is named in its place, and the others are read", async () => {
  const slow: DocumentReader = {
    readPictures,
    read(bytes) {
      if (Buffer.from(bytes).includes("%PDF"))
        throw new AppError("timed_out", "Reading the file took too long.");
      return readDocument(bytes);
    },
  };
  const { text } = await read(archiveOf({ "slow.pdf": pdf(["x".repeat(200)]), "b.txt": "words" }), "a.zip", {
    read: (bytes, signal) => (bytes[0] === 0x50 ? readDocument(bytes) : slow.read(bytes, signal)),
    readPictures,
  });
  expect(text).toContain("--- slow.pdf ---\n\n[Reading the file took too long.]");
  expect(text).toContain("--- b.txt ---\n\nwords");
});

test("MS-OXMSG: an email saved by Outlook is read with its HTML body and its attachments", async () => {
  const inner = outlookMessage({ 55: "The inner one", 4115: Buffer.from("<p>Inner <i>words</i></p>") });
  const file = outlookMessage(
    {
      55: "Outer",
      3098: "Ann",
      4115: Buffer.from("<p>The <b>words</b></p><p style='display:none'>secret</p>"),
    },
    {
      files: [
        { name: "sums.csv", type: "text/csv", bytes: Buffer.from("a,b") },
        { name: "inner.msg", type: "application/vnd.ms-outlook", bytes: inner },
      ],
    },
  );
  const { text } = await read(file, "saved.msg", createDocumentReader());
  expect(text).toContain("From: Ann\nSubject: Outer\nAttachment: sums.csv (text/csv, 3 bytes)");
  expect(text).toContain(
    "\n\nThe **words**\n\n--- sums.csv ---\n\na,b\n\n--- inner.msg ---\n\nSubject: The inner one\n\nInner *words*",
  );
  expect(text).not.toContain("secret");
});

test("eight megabytes of files pass from the child process in time in proportion to their size", async () => {
  const reader = createDocumentReader();
  const cpuMsFor = async (bytes: number) => {
    const file = archiveOf({ "a.bin": Buffer.alloc(bytes, 0x61) });
    let files: unknown;
    const cpuMs = await cpuMsOf(async () => {
      ({ files } = await reader.read(file, AbortSignal.timeout(30_000)));
    });
    expect(files).toEqual([{ name: "a.bin", bytes: Buffer.alloc(bytes, 0x61) }]);
    return cpuMs;
  };
  await cpuMsFor(1_000);
  expect(await cpuMsFor(7_900_000)).toBeLessThan(1_000);
});

test("an archive of compressed bombs ends within the budget", async () => {
  const bombs = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`${at}.txt`, Buffer.alloc(at < 290 ? 100_000 : 7_000_000, 0x20)]),
  );
  const { text, notes } = await read(archiveOf(bombs), "bombs.zip", createDocumentReader());
  expect(text.length).toBeLessThan(200_000);
  expect(notes.join()).toContain("Only the first 200 of 300 files are listed.");
});
