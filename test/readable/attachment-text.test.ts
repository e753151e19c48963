/** What attachments that are no documents of today's offices say, and what is said of those that say nothing. */
import { expect, test } from "bun:test";
import type { DocumentReader } from "../../src/documents/sandbox.ts";
import { toAttachmentText } from "../../src/readable/attachment-text.ts";

const none: DocumentReader = {
  read: () => Promise.reject(new Error("this is nothing for the reader of documents")),
};

function read(content: string | Buffer, name = "a.bin", more: { type?: string; charset?: string } = {}) {
  const bytes = Buffer.from(content);
  const part = {
    part: "2",
    type: "application/octet-stream",
    size: bytes.length,
    name,
    parameters: {},
    children: [],
    ...more,
  };
  return toAttachmentText(bytes, part, none, AbortSignal.timeout(10_000));
}

const compound = (stream: string) =>
  Buffer.concat([Buffer.from("d0cf11e0a1b11ae1", "hex"), Buffer.alloc(600), Buffer.from(stream, "utf16le")]);

const said: [what: string, content: string | Buffer, note: string][] = [
  ["an older Word document", compound("WordDocument"), "(.doc), which is not read."],
  ["an older workbook", compound("Workbook"), "(.xls), which is not read."],
  ["an older presentation", compound("PowerPoint Document"), "(.ppt), which is not read."],
  ["an email that Outlook saved", compound("__substg1.0_001A001F"), "(.msg), which is not read."],
  ["a locked document", compound("EncryptedPackage"), "An Office file that is protected by a password."],
  ["another file of that kind", compound("Other"), "A file in an old Office format"],
  ["an empty file", "", "The file is empty."],
  ["a file of spaces", " \r\n\t", "There is nothing but space in the file."],
];

test.each(said)("says what %s is", async (_, content, note) => {
  const { text, notes } = await read(content);
  expect(text).toBe("");
  expect(notes).toEqual([expect.stringContaining(note)]);
});

test("a table in HTML is read as one, though it is called a workbook", async () => {
  const html = "<html><body><table><tr><td>Name</td><td>12</td></tr></table></body></html>";
  for (const start of ["", "\ufeff", "<!DOCTYPE html>\n", "\r\n"])
    expect((await read(start + html, "report.xls")).text).toBe("Name | 12");
});

test("a page saved as one file is read as the email it is written as (RFC 2557)", async () => {
  const page =
    'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>gr=C3=BC=C3=9Fe</p>\n--x--\n';
  for (const name of ["page.mht", "letter.doc"]) expect((await read(page, name)).text).toBe("grüße");
});

const written: [what: string, content: Buffer, charset: string | undefined][] = [
  ["UTF-16 without a mark", Buffer.from("Größe;12", "utf16le"), undefined],
  ["UTF-16 without a mark, the other way round", Buffer.from("Größe;12", "utf16le").swap16(), undefined],
  [
    "what XML says",
    Buffer.from('<?xml version="1.0" encoding="iso-8859-2"?>Gr\xf6\xdfe;12', "latin1"),
    undefined,
  ],
  [
    "what HTML says",
    Buffer.from('<html><meta charset="macintosh">Gr\x9a\xa7e;12</html>', "latin1"),
    undefined,
  ],
  ["what its part says", Buffer.from("Gr\x94\xe1e;12", "latin1"), "ibm437"],
  ["Windows-1252, when nothing is said", Buffer.from("Name;Gr\xf6\xdfe;12", "latin1"), undefined],
];

test.each(written)("text is read in %s", async (_, content, charset) => {
  const { text, notes } = await read(content, "a.txt", charset ? { charset } : {});
  expect(text).toContain("Größe;12");
  expect(notes).toEqual([]);
});

test("says that letters may be wrong where nothing tells in what a text is written", async () => {
  const russian = Buffer.from("cff0e8e2e5f22c20eae0ea20e4e5ebe03f", "hex");
  expect((await read(russian, "a.txt")).notes.join()).toContain("its letters may be wrong");
  expect((await read("Привет, как дела?", "a.txt")).notes).toEqual([]);
});

test("says so when only a part of a text, a page or an email is read", async () => {
  const notesOf = async (content: string, name: string) => (await read(content, name)).notes;
  expect(await notesOf("word ".repeat(900_000), "a.txt")).toEqual([
    "Only the first 4000000 characters were read; a download link gives the whole.",
  ]);
  expect(await notesOf(`<html>${"word ".repeat(250_000)}`, "a.html")).toEqual([
    "Only the first 1000000 characters of HTML were read; a download link gives the whole.",
  ]);
  expect(await notesOf(`Subject: x\n\n${"word\n".repeat(900_000)}`, "a.eml")).toEqual([
    "Only the first 4 MB were read; a download link gives the whole.",
  ]);
});

test("an email with a thousand parts in each other is damaged, and no bug", async () => {
  const parts = Array.from(
    { length: 1_000 },
    (_, at) => `Content-Type: multipart/mixed; boundary="b${at}"\n\n--b${at}\n`,
  );
  expect((await read(`Subject: deep\n${parts.join("")}\nwords`, "a.eml")).notes).toEqual([
    "The email is damaged, or made in an unusual way; it cannot be read.",
  ]);
});

test("a contact in vCard 2.1 is read as newer ones are", async () => {
  const card =
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=\r\n M=C3=BCller\r\nORG:Words, Inc.;Sales\r\nTEL;CELL;PREF:+49 1234\r\nADR;HOME:;;Hauptstr. 1;Berlin;;10115;Germany\r\nPHOTO;JPEG;ENCODING=BASE64:/9j/4AAQ\r\n SkZJRg\r\n\r\nEND:VCARD\r\n";
  const newer = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann\r\nEND:VCARD\r\n";
  expect((await read(`${card}not a card\r\n${newer}`, "a.vcf")).text).toBe(
    "Name: Jörg Müller\nOrganisation: Words, Inc., Sales\nTelephone (cell): +49 1234\nAddress (home): Hauptstr. 1, Berlin, 10115, Germany\n\nName: Ann",
  );
});

test("one broken contact does not spoil the others, and a book of many is cut by number", async () => {
  const card = (name: string) => `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nEND:VCARD\n`;
  const { text } = await read(`${card("Ann")}BEGIN:VCARD\nno colon here\nEND:VCARD\n${card("Ben")}`, "a.vcf");
  expect(text).toContain("Name: Ann");
  expect(text).toContain("Name: Ben");
  const many = await read(card("Ann").repeat(250), "a.vcf");
  expect(many.text.match(/Name: Ann/g)?.length).toBe(200);
  expect(many.text).toContain("[50 more contacts]");
});
