/** EPUB books (EPUB 3.3). */
import { expect, test } from "bun:test";
import { readDocument } from "../../src/documents/read-document.ts";
import { zip } from "../support/documents.ts";

/** A book with these chapters, listed in the package in the opposite order of their reading. */
function epub(chapters: readonly string[], more: Readonly<Record<string, string>> = {}): Buffer {
  const names = chapters.map((_, at) => `chapter%20${at + 1}.xhtml`);
  return zip({
    mimetype: "application/epub+zip",
    "META-INF/container.xml":
      '<container><rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></container>',
    "OEBPS/content.opf": `<package xmlns:dc="d"><metadata><dc:title>Salt &amp; Sea</dc:title><dc:creator>Ann</dc:creator><dc:creator>Ben</dc:creator></metadata><manifest>${names
      .map((name, at) => `<item id="i${at}" href="${name}"/>`)
      .reverse()
      .join(
        "",
      )}</manifest><spine>${names.map((_, at) => `<itemref idref="i${at}"/>`).join("")}</spine></package>`,
    ...Object.fromEntries(
      chapters.map((body, at) => [
        `OEBPS/chapter ${at + 1}.xhtml`,
        `<?xml version="1.0"?><html><head><title>not shown</title><style>p{}</style></head><body>${body}</body></html>`,
      ]),
    ),
    ...more,
  });
}

test("section 5.7: the chapters are read in the order of the spine", async () => {
  const file = epub([
    "<h1>One</h1><p>Words\n and <b>more</b>&nbsp;&mdash; here<br/>line.</p>",
    "<h2>Two</h2><ul><li>a</li><li><p>b</p><ol><li>c</li><li>d</li></ol></li></ul><table><tr><th>x</th><td>y|z</td></tr></table>",
  ]);
  expect(await readDocument(file)).toMatchObject({
    text: "Title: Salt & Sea\n\nBy: Ann, Ben\n\n# One\n\nWords and more — here\nline.\n\n## Two\n\n- a\n- b\n  1. c\n  2. d\n\n| x | y\\|z |",
    notes: [],
  });
});

test("hidden text is left out and counted, pictures are counted and their descriptions shown", async () => {
  const file = epub(
    [
      '<p hidden="hidden">secret</p><p style="display: none">more</p><p>Seen <img alt="a lake" src="a.png"/></p>',
    ],
    { "OEBPS/a.png": "x" },
  );
  expect(await readDocument(file)).toMatchObject({
    text: expect.stringContaining("Seen [picture: a lake]"),
    notes: [
      "Hidden text was left out: 10 characters.",
      "The file contains 1 picture, which is not shown here.",
    ],
  });
});

test("section 4.2.6.3.2: a book with encrypted chapters is reported as protected, one with encrypted fonts is read", async () => {
  const encryption = (uri: string) => ({
    "META-INF/encryption.xml": `<encryption><EncryptedData><CipherData><CipherReference URI="${uri}"/></CipherData></EncryptedData></encryption>`,
  });
  expect((await readDocument(epub(["<p>x</p>"], encryption("OEBPS/chapter%201.xhtml")))).notes).toEqual([
    "The book is protected against copying (DRM).",
  ]);
  expect((await readDocument(epub(["<p>Words</p>"], encryption("OEBPS/font.otf")))).text).toContain("Words");
});

test("a book nested too deep is reported as damaged, and one that is too long is cut", async () => {
  expect((await readDocument(epub(["<div>".repeat(100_000)]))).notes).toEqual([
    "The file cannot be read: it is damaged or has an unusual structure.",
  ]);
  const long = await readDocument(epub(Array.from({ length: 30 }, () => `<p>${"word ".repeat(20_000)}</p>`)));
  expect(long.text.length).toBeLessThanOrEqual(2_000_000);
  expect(long.notes.join()).toContain("Only the first 2000000 characters were read");
});
