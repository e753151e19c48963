/** Word documents in the binary format before 2007 (.doc, MS-DOC), parsed by word-extractor. */
import BufferReader from "word-extractor/lib/buffer-reader.js";
import type { StreamOf } from "../compound-stream.ts";
import { type DocumentText, maxTextCharacters, toNotes } from "../document-text.ts";
import { joinLines } from "../inline-marks.ts";
import { escapeCell } from "../spreadsheet-cells.ts";
import { createMarkedExtractor, type Paragraph } from "./marked-paragraphs.ts";
import { readWord95 } from "./word-95.ts";

/** Offset of the flags in the file information block (section 2.5.2), and the flag of an encrypted document. */
const flagsOffset = 0x0a;
const encryptedFlag = 0x0100;
/** The version of Word 97 (section 2.5.1); older files have another structure. */
const versionOffset = 0x02;
const word97Version = 0xc1;
const word6Version = 0x65;

/** Throws when the file is damaged. */
export async function readBinaryDocument(bytes: Uint8Array, streamOf: StreamOf): Promise<DocumentText> {
  const block = Buffer.from(streamOf("WordDocument") ?? []);
  if ((block.readUInt16LE(flagsOffset) & encryptedFlag) !== 0)
    return { text: "", notes: ["The document is protected by a password."] };
  if (block.readUInt16LE(versionOffset) < word97Version) return toOlderDocument(block);
  const { extractor, paragraphsIn } = createMarkedExtractor();
  const toLines = (text: string) => paragraphsIn(text).flatMap(({ text }) => text.trim() || []);
  const document = await extractor.extract(new BufferReader(Buffer.from(bytes)));
  const headers = document.getHeaders({ includeFooters: false });
  const blocks = [
    ...toMarginBlocks("header", toLines(headers)),
    toBlocks(paragraphsIn(document.getBody())),
    toBlocks(paragraphsIn(document.getTextboxes({ includeBody: true }))),
    ...toLines(document.getFootnotes()).map((line, at) => `[^${at + 1}]: ${line}`),
    ...toLines(document.getEndnotes()).map((line) => `[endnote: ${line}]`),
    ...toLines(document.getAnnotations()).map((line) => `[comment: ${line}]`),
    ...toMarginBlocks("footer", toLines(document.getFooters())),
  ];
  const text = blocks.filter((block) => block !== "").join("\n\n");
  return { text, notes: toNotes({ isCut: text.length > maxTextCharacters }) };
}

/** `block`: the stream WordDocument, whole. */
function toOlderDocument(block: Buffer): DocumentText {
  const isReadable = block.readUInt16LE(versionOffset) >= word6Version;
  const text = isReadable ? readWord95(block) : undefined;
  if (text === undefined)
    return { text: "", notes: ["A document of Word 95 or older, in a form that is not read."] };
  const blocks = toBlocks(text.split("\n").map((line) => ({ text: line, prefix: "" })));
  return { text: blocks, notes: toNotes({ isCut: blocks.length > maxTextCharacters }) };
}

function toMarginBlocks(kind: "header" | "footer", all: readonly string[]): string[] {
  const lines = [...new Set(all)].join("\n");
  return lines ? [`[${kind}: ${joinLines(lines)}]`] : [];
}

/**
 * Paragraphs apart from each other; the items of a list, and the rows of a table, whose cells end with a tab each, below
 * each other.
 */
function toBlocks(paragraphs: readonly Paragraph[]): string {
  let before: "row" | "item" | "other" = "other";
  let blocks = "";
  for (const { text, prefix } of paragraphs) {
    const isRow = text.endsWith("\t");
    const shown = isRow ? toRow(text) : text.trim();
    if (shown === "") continue;
    const kind = isRow ? "row" : prefix === "" || prefix.startsWith("#") ? "other" : "item";
    const gap = kind !== "other" && kind === before ? "\n" : "\n\n";
    blocks += (blocks === "" ? "" : gap) + (isRow ? "" : prefix) + shown;
    before = kind;
  }
  return blocks;
}

function toRow(line: string): string {
  const cells = line.split("\t").map(escapeCell);
  while (cells.at(-1) === "") cells.pop();
  return cells.length > 0 ? `| ${cells.join(" | ")} |` : "";
}
