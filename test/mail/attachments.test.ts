/** get_attachment over a real Dovecot: files of every kind as text, limits, and download links. */
import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createDocumentReader, type DocumentReader } from "../../src/documents/sandbox.ts";
import type { AppError } from "../../src/errors.ts";
import { getAttachmentTool } from "../../src/tools/get-attachment.ts";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { archive, bomb, docx, odt, pdf, png, pptx, xlsx } from "../support/documents.ts";
import { toRaw } from "../support/emails.ts";
import { hasMailServer } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { jpegPicture, jpegs, scannedPdf } from "../support/pdf-documents.ts";
import { withReader } from "../support/reader.ts";

const fixtures = join(import.meta.dir, "..", "fixtures", "eml");
const contact =
  "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Carl Example\r\nORG:Example Ltd;Words\r\nTEL;TYPE=CELL:+49 30 1234\r\nEMAIL:carl@example.org\r\nPHOTO;ENCODING=b:AAAA\r\nEND:VCARD\r\n";
const event =
  "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Lunch\r\nDTSTART:20240507T100000Z\r\nLOCATION:Harbour\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
const inner =
  "From: Carl <carl@example.org>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Inner <b>words</b></p>";

/** Name, declared type, bytes, and a string that the text contains. */
const files: [string, string, Buffer, string[]][] = [
  [
    "report.pdf",
    "application/pdf",
    pdf(["Page one\nsecond line", "Page two"]),
    ["[page 1 of 2]", "Page one\nsecond line", "[page 2 of 2]\nPage two"],
  ],
  ["lying.txt", "text/plain", pdf(["Really a PDF"]), ["Really a PDF"]],
  [
    "report.docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    docx(),
    [
      "# Report",
      "Two runs.\tTabbed",
      "- An item",
      "[deleted: deleted words]",
      "| Month | Sum |\n| April | 900 |",
    ],
  ],
  [
    "figures.xlsx",
    "application/octet-stream",
    xlsx(),
    [
      "## Figures",
      "| Month |  | Sum |",
      "| April | 2024-05-06 | 900.5 | TRUE |",
      "## More (hidden)",
      "| inline |",
    ],
  ],
  [
    "talk.pptx",
    "application/zip",
    pptx(),
    ["## Slide 1\n\nThe beginning\n\nNotes: Say hello", "## Slide 2\n\nThe end"],
  ],
  [
    "minutes.odt",
    "application/vnd.oasis.opendocument.text",
    odt(),
    ["## Minutes", "Present:  Ann\nBen", "- Point one", "| a | b |"],
  ],
  ["all.zip", "application/zip", archive(), ["readme.txt (5 bytes)\nfolder/data.csv (3 bytes)"]],
  ["table.csv", "text/csv", Buffer.from("name,sum\nGrün,1\n"), ["name,sum\nGrün,1"]],
  ["old.csv", "text/csv", Buffer.from("Gr\xfcn;1", "latin1"), ["Grün;1"]],
  [
    "lunch.ics",
    "application/octet-stream",
    Buffer.from(event),
    ["**Event: Lunch**", "When: 2024-05-07T10:00Z", "Where: Harbour"],
  ],
  [
    "carl.vcf",
    "text/x-vcard",
    Buffer.from(contact),
    [
      "Name: Carl Example",
      "Organisation: Example Ltd, Words",
      "Telephone (cell): +49 30 1234",
      "Email: carl@example.org",
    ],
  ],
  [
    "page.html",
    "text/html",
    Buffer.from('<h1>Title</h1><p style="display:none">hidden</p><p>Words</p>'),
    ["# Title\n\nWords"],
  ],
  [
    "inner.eml",
    "application/octet-stream",
    Buffer.from(inner),
    ["From: Carl <carl@example.org>", "Subject: Grüße", "Inner **words**"],
  ],
  ["notes.md", "application/octet-stream", Buffer.from("# Notes\r\n\r\nwords"), ["# Notes\n\nwords"]],
  ["utf16.txt", "text/plain", Buffer.from("\ufeffsixteen ü", "utf16le"), ["sixteen ü"]],
];

describe.skipIf(!hasMailServer)("get_attachment", () => {
  let kit: MailServerKit;
  let user: User;
  let id: string;
  const others = [
    { filename: "dot.png", contentType: "image/png", content: png() },
    {
      filename: "noise.bin",
      contentType: "application/octet-stream",
      content: Buffer.from([0, 1, 2, 3, 255]),
    },
    { filename: "broken.pdf", contentType: "application/pdf", content: Buffer.from("%PDF-1.7\nnothing") },
    { filename: "bomb.docx", contentType: "application/zip", content: bomb(80) },
    { filename: "pretends.png", contentType: "image/png", content: Buffer.from("<svg onload=alert(1)>") },
    {
      filename: "scan.pdf",
      contentType: "application/pdf",
      content: scannedPdf(Array.from({ length: 6 }, () => ({ pictures: [jpegPicture(3)] }))),
    },
    { filename: "blank.pdf", contentType: "application/pdf", content: scannedPdf([{}, {}]) },
    { filename: "long.txt", contentType: "text/plain", content: Buffer.from("0123456789".repeat(5000)) },
  ];
  const indexOf = (name: string) =>
    [...files.map(([file]) => file), ...others.map(({ filename }) => filename)].indexOf(name) + 1;

  const read = (name: string, more: Record<string, unknown> = {}, documents?: DocumentReader) =>
    withReader(
      kit,
      user,
      (reader) => reader.call(getAttachmentTool, { id, index: indexOf(name), ...more }),
      documents,
    );

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    const attachments = [
      ...files.map(([filename, contentType, content]) => ({ filename, contentType, content })),
      ...others,
    ];
    await kit.deliver(user, await toRaw({ subject: "Files", text: "See the files.", attachments }));
    await kit.deliver(
      user,
      "Subject: Forwarded\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=e\n\n--e\nContent-Type: text/plain\n\nsee\n--e\nContent-Type: message/rfc822\n\nSubject: The inner one\nFrom: carl@example.org\nContent-Type: text/plain\n\nInner words.\n--e--\n",
    );
    await withReader(kit, user, async ({ mail }) => {
      id = (await mail.searchEmails({ query: "subject:files", limit: 1 })).emails[0]?.id ?? "";
    });
  });

  test.each(files)("reads %s (%s)", async (name, _type, _content, expected) => {
    const { text, structured } = await read(name);
    for (const words of expected) expect(text).toContain(words);
    expect(structured.kind).toBe("text");
    if (name === "page.html") expect(text).not.toContain("hidden");
  });

  test("answers a small picture as one image", async () => {
    const { content, structured } = await read("dot.png");
    expect(content[1]).toEqual({ type: "image", data: png().toString("base64"), mimeType: "image/png" });
    expect(structured).not.toHaveProperty("image");
    expect(structured.kind).toBe("image");
  });

  test("answers the pages of a scanned PDF as pictures, five at a time, and goes on by offset", async () => {
    const first = await read("scan.pdf", {}, createDocumentReader());
    const picture = { type: "image" as const, data: jpegs[3], mimeType: "image/jpeg" };
    expect(first.content.slice(1)).toEqual(Array(5).fill(picture));
    expect(first.text).toContain("[page 5 of 6: no text]");
    expect(first.text).not.toContain("[page 6 of 6");
    expect(first.text).toContain("Pages 1, 2, 3, 4, 5 are shown as pictures, in this order.");
    expect(first.structured).not.toHaveProperty("images");
    const rest = await read("scan.pdf", { offset: first.structured.next_offset });
    expect(rest.content.slice(1)).toEqual([picture]);
    expect(rest.text).toContain("[page 6 of 6: no text]");
    expect(rest.text).toContain("Page 6 is shown as a picture.");
    expect(rest.structured.next_offset).toBeUndefined();
  });

  test("answers a PDF with neither text nor pictures with a note and a download link", async () => {
    const { structured, text, content } = await read("blank.pdf");
    expect(structured.kind).toBe("none");
    expect(text).toContain("The PDF contains no text");
    expect(text).toContain("/download/");
    expect(content.length).toBe(1);
  });

  test("answers a file without text with a download link, and says so", async () => {
    const { text, structured } = await read("noise.bin");
    expect(structured.kind).toBe("none");
    expect(text).toContain("https://here.example/download/secret");
    expect(text).toContain("no text that can be read");
  });

  test("reads a file that only claims to be a picture by its bytes", async () => {
    const { content } = await read("pretends.png");
    expect(content.map(({ type }) => type)).toEqual(["text"]);
  });

  test("reports a damaged file or one that unpacks beyond the limit, with a download link", async () => {
    for (const [name, note] of [
      ["broken.pdf", "The file cannot be read: it is damaged"],
      ["bomb.docx", "The unpacked file is larger than 64 MB"],
    ] as const) {
      const { text } = await read(name, {}, createDocumentReader());
      expect(text).toContain(note);
      expect(text).toContain("/download/");
    }
  });

  test("continues a long text by offset without a gap", async () => {
    const first = await read("long.txt", { max_characters: 30_000 });
    expect(first.structured).toMatchObject({ offset: 0, end: 30_000, total: 50_000, next_offset: 30_000 });
    const rest = await read("long.txt", { offset: 30_000, max_characters: 30_000 });
    expect(rest.structured).toMatchObject({ offset: 30_000, end: 50_000, total: 50_000 });
    expect(rest.structured).not.toHaveProperty("next_offset", 50_000);
  });

  test("says where the text ends for an offset past it", async () => {
    const { text } = await read("long.txt", { offset: 50_000 });
    expect(text).toContain("The text ends at character 50000: nothing is left at offset 50000.");
  });

  test("answers a download link on request without reading the file", async () => {
    const { structured, text } = await read("report.pdf", { link: true });
    expect(structured).toMatchObject({
      kind: "link",
      name: "report.pdf",
      download: { url: expect.stringContaining("/download/") },
    });
    expect(text).not.toContain("Page one");
  });

  test("names the existing attachments for an unknown index", async () => {
    const error: AppError = await read("nothing", { index: 99 }).catch((problem) => problem);
    expect(error.code).toBe("attachment_not_found");
    expect(error.message).toContain(`1 to ${files.length + others.length}`);
  });

  test("reads an attached email by fetching its text only", async () => {
    await withReader(kit, user, async (reader) => {
      const { emails } = await reader.mail.searchEmails({ query: "subject:forwarded", limit: 1 });
      const { text } = await reader.call(getAttachmentTool, { id: emails[0]?.id ?? "", index: 1 });
      expect(text).toContain("The inner one.eml");
      expect(text).toContain("From: carl@example.org\nSubject: The inner one\n\nInner words.");
    });
  });

  test("shows sender and files of an attached email, and where it starts in HTML", async () => {
    const paths = ["attached-email", "digest"].map((name) => join(fixtures, `${name}.eml`));
    const other = await kit.newUser();
    for (const path of paths) await kit.deliver(other, await Bun.file(path).bytes());
    await withReader(kit, other, async ({ mail, call }) => {
      const [digest, attached] = (await mail.listEmails({ mailbox: "inbox", limit: 2 })).emails;
      const { structured } = await call(getEmailTool, { id: attached?.id });
      expect(structured.attachments).toMatchObject([
        {
          name: "The inner one.eml",
          email: { from: { name: "Carl", address: "carl@example.org" }, subject: "The inner one" },
        },
        { name: "inner.pdf", inside: 1 },
      ]);
      const { text } = await call(getAttachmentTool, { id: attached?.id, index: 1 });
      expect(text).toContain(
        "Subject: The inner one\nAttachment: inner.pdf (application/pdf)\n\nThe inner words.",
      );
      const source = await call(getEmailTool, { id: digest?.id, format: "html" });
      expect(source.text).toContain(
        "Attached email\nFrom: dora@example.org\nSubject: Second\n\nSecond post.",
      );
      const passed = await Bun.file(join(fixtures, "attached-email-only.eml")).bytes();
      await kit.deliver(other, passed);
      const [last] = (await mail.listEmails({ mailbox: "inbox", limit: 1 })).emails;
      const html = await call(getEmailTool, { id: last?.id, format: "html" });
      expect(html.text).toContain(
        "<p>Attached email<br>\nFrom: Carl &lt;carl@example.org&gt;<br>\nDate: 2024-05-05T08:00:00Z<br>\nSubject: The inner one</p>",
      );
    });
  });
});

describe("the document reader", () => {
  test("is killed at its deadline, and the answer says that reading took too long", async () => {
    const reader = createDocumentReader({ deadlineMs: 1 });
    const error: AppError = await reader.read(pdf(["x"]), AbortSignal.timeout(10_000)).then(
      () => {
        throw new Error("it was in time");
      },
      (problem) => problem,
    );
    expect(error.code).toBe("timed_out");
  });

  test("reads two files at once and a third after them", async () => {
    const reader = createDocumentReader();
    const read = await Promise.all(
      ["one", "two", "three"].map((text) => reader.read(pdf([text]), AbortSignal.timeout(20_000))),
    );
    expect(read.map(({ text }) => text)).toEqual(["one", "two", "three"]);
  });
});
