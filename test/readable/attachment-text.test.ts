/** Attachments other than office documents, and the notes on files whose text is not read. */
import { expect, test } from "bun:test";
import type { DocumentReader } from "../../src/documents/sandbox.ts";
import { toAttachmentText } from "../../src/readable/attachment-text.ts";
import { signatureAround } from "../fixtures/make/cms.ts";

const none: DocumentReader = {
  read: () => Promise.reject(new Error("this is nothing for the reader of documents")),
  readPictures: () => Promise.reject(new Error("this is nothing for the reader of documents")),
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

const noted: [what: string, content: string | Buffer, note: string][] = [
  ["an empty file", "", "The file is empty."],
  ["a file of spaces", " \r\n\t", "The file contains only white space."],
];

test.each(noted)("the note names %s", async (_, content, note) => {
  const { text, notes } = await read(content);
  expect(text).toBe("");
  expect(notes).toEqual([expect.stringContaining(note)]);
});

test("an HTML table with the name of a workbook is read as HTML", async () => {
  const html = "<html><body><table><tr><td>Name</td><td>12</td></tr></table></body></html>";
  for (const start of ["", "\ufeff", "<!DOCTYPE html>\n", "\r\n"])
    expect((await read(start + html, "report.xls")).text).toBe("Name | 12");
});

test("RFC 2557: a web page saved as one file is read as the email that it is", async () => {
  const page =
    'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>gr=C3=BC=C3=9Fe</p>\n--x--\n';
  for (const name of ["page.mht", "letter.doc"]) expect((await read(page, name)).text).toBe("grüße");
});

const encoded: [what: string, content: Buffer, charset: string | undefined][] = [
  ["UTF-16 without a byte order mark", Buffer.from("Größe;12", "utf16le"), undefined],
  ["big-endian UTF-16 without a byte order mark", Buffer.from("Größe;12", "utf16le").swap16(), undefined],
  [
    "the charset that XML declares",
    Buffer.from('<?xml version="1.0" encoding="iso-8859-2"?>Gr\xf6\xdfe;12', "latin1"),
    undefined,
  ],
  [
    "the charset that HTML declares",
    Buffer.from('<html><meta charset="macintosh">Gr\x9a\xa7e;12</html>', "latin1"),
    undefined,
  ],
  ["the charset of its part", Buffer.from("Gr\x94\xe1e;12", "latin1"), "ibm437"],
  ["Windows-1252 when nothing declares a charset", Buffer.from("Name;Gr\xf6\xdfe;12", "latin1"), undefined],
];

test.each(encoded)("text is read in %s", async (_, content, charset) => {
  const { text, notes } = await read(content, "a.txt", charset ? { charset } : {});
  expect(text).toContain("Größe;12");
  expect(notes).toEqual([]);
});

test("a note says that characters may be wrong when nothing declares the charset", async () => {
  const russian = Buffer.from("cff0e8e2e5f22c20eae0ea20e4e5ebe03f", "hex");
  expect((await read(russian, "a.txt")).notes.join()).toContain("some characters may be wrong");
  expect((await read("Привет, как дела?", "a.txt")).notes).toEqual([]);
});

test("a note says when only a part of a text, a page or an email was read", async () => {
  const notesOf = async (content: string, name: string) => (await read(content, name)).notes;
  expect(await notesOf("word ".repeat(900_000), "a.txt")).toEqual([
    "Only the first 4000000 characters were read; a download link gives the whole file.",
  ]);
  expect(await notesOf(`<html>${"word ".repeat(250_000)}`, "a.html")).toEqual([
    "Only the first 1000000 characters of HTML were read; a download link gives the whole file.",
  ]);
  expect(await notesOf(`Subject: x\n\n${"word\n".repeat(900_000)}`, "a.eml")).toEqual([
    "Only the first 4 MB were read; a download link gives the whole file.",
  ]);
});

test("an email nested a thousand levels deep is said not to be read whole", async () => {
  const parts = Array.from(
    { length: 1_000 },
    (_, at) => `Content-Type: multipart/mixed; boundary="b${at}"\n\n--b${at}\n`,
  );
  const { text, notes } = await read(`Subject: deep\n${parts.join("")}\nwords`, "a.eml");
  expect(text).toBe("Subject: deep");
  expect(notes).toEqual([
    "The email has no text of its own.",
    "Parts of the email are nested too deeply, or too many, to be read.",
  ]);
});

test("a vCard 2.1 contact is read like newer ones", async () => {
  const card =
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=\r\n M=C3=BCller\r\nORG:Words, Inc.;Sales\r\nTEL;CELL;PREF:+49 1234\r\nADR;HOME:;;Hauptstr. 1;Berlin;;10115;Germany\r\nPHOTO;JPEG;ENCODING=BASE64:/9j/4AAQ\r\n SkZJRg\r\n\r\nEND:VCARD\r\n";
  const newer = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann\r\nEND:VCARD\r\n";
  expect((await read(`${card}not a card\r\n${newer}`, "a.vcf")).text).toBe(
    "Name: Jörg Müller\nOrganisation: Words, Inc., Sales\nTelephone (cell): +49 1234\nAddress (home): Hauptstr. 1, Berlin, 10115, Germany\n\nName: Ann",
  );
});

test("a broken contact does not affect the others, and a long list of contacts is cut", async () => {
  const card = (name: string) => `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nEND:VCARD\n`;
  const { text } = await read(`${card("Ann")}BEGIN:VCARD\nno colon here\nEND:VCARD\n${card("Ben")}`, "a.vcf");
  expect(text).toContain("Name: Ann");
  expect(text).toContain("Name: Ben");
  const many = await read(card("Ann").repeat(250), "a.vcf");
  expect(many.text.match(/Name: Ann/g)?.length).toBe(200);
  expect(many.text).toContain("[50 more contacts]");
});

test("RFC 2426 section 3.1.2: a contact with only a structured name is shown by that name", async () => {
  const named = (n: string, version = "2.1") =>
    `BEGIN:VCARD\r\nVERSION:${version}\r\n${n}\r\nTEL;TYPE=CELL:+491234\r\nEND:VCARD\r\n`;
  const encoded = "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCrgen";
  expect((await read(named(encoded), "c.vcf")).text).toBe("Name: Jürgen Müller\nTelephone (cell): +491234");
  for (const [n, version, name] of [
    ["N:Public;John;Quinlan,Paul;Dr.;Jr.", "3.0", "Dr. John Quinlan Paul Public Jr."],
    ["N:Public;;;;\r\nFN:", "3.0", "Public"],
    ["N:Public;John\r\nFN:Johnny", "4.0", "Johnny"],
  ] as const)
    expect((await read(named(n, version), "c.vcf")).text).toContain(`Name: ${name}\n`);
  expect((await read(named("N:;;;;"), "c.vcf")).text).toBe("Telephone (cell): +491234");
});

test("RFC 5652 section 5: a signed file of any kind is opened, whatever text form the signature has", async () => {
  const invoice = '<?xml version="1.0"?><sum>900</sum>';
  const der = signatureAround(invoice, "pieces");
  const base64 = der.toString("base64").replace(/(.{64})/g, "$1\n");
  const pem = `-----BEGIN PKCS7-----\n${base64}\n-----END PKCS7-----\n`;
  for (const file of [der, pem, signatureAround(invoice, "whole").toString("base64")])
    expect((await read(file, "invoice.xml.p7m")).text).toBe(invoice);
  const twice = signatureAround(signatureAround("a,b", "whole").toString("base64"), "whole");
  expect((await read(signatureAround("a,b", "whole"), "table.csv.p7m")).text).toBe("a,b");
  expect((await read(twice, "table.csv.p7m.p7m")).text).toBe("a,b");
  const email = "Content-Type: text/html\r\n\r\n<p>The <b>words</b>";
  expect((await read(signatureAround(email, "whole"), "smime.p7m")).text).toBe("The **words**");
});

test("RFC 5652 section 6: an encrypted file is reported as such", async () => {
  const enveloped = signatureAround("x", "whole");
  enveloped.set([3], enveloped.indexOf(Buffer.from("2a864886f70d0107", "hex")) + 8);
  expect((await read(enveloped, "a.pdf.p7m")).notes).toEqual([
    "The file is encrypted; only the recipient's own mail program can open it.",
  ]);
});
