/** Word documents in the binary format before 2007 (.doc, MS-DOC), parsed by word-extractor. */
import BufferReader from "word-extractor/lib/buffer-reader.js";
import WordOleExtractor from "word-extractor/lib/word-ole-extractor.js";
import type { StreamOf } from "../compound-stream.ts";
import { type DocumentText, maxTextCharacters, toNotes } from "../document-text.ts";
import { joinLines } from "../inline-marks.ts";
import { escapeCell } from "../spreadsheet-cells.ts";
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
  const document = await new WordOleExtractor().extract(new BufferReader(Buffer.from(bytes)));
  const headers = document.getHeaders({ includeFooters: false });
  const blocks = [
    ...toMarginBlocks("header", headers),
    toBlocks(document.getBody()),
    toBlocks(document.getTextboxes({ includeBody: true })),
    ...toLines(document.getFootnotes()).map((line, at) => `[^${at + 1}]: ${line}`),
    ...toLines(document.getEndnotes()).map((line) => `[endnote: ${line}]`),
    ...toLines(document.getAnnotations()).map((line) => `[comment: ${line}]`),
    ...toMarginBlocks("footer", document.getFooters()),
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
  const blocks = toBlocks(text);
  return { text: blocks, notes: toNotes({ isCut: blocks.length > maxTextCharacters }) };
}

const toLines = (text: string) => text.split("\n").flatMap((line) => line.trim() || []);

function toMarginBlocks(kind: "header" | "footer", text: string): string[] {
  const lines = [...new Set(toLines(text))].join("\n");
  return lines ? [`[${kind}: ${joinLines(lines)}]`] : [];
}

/** Paragraphs apart from each other; the rows of a table, whose cells end with a tab each, as a Markdown table. */
function toBlocks(text: string): string {
  let wasRow = false;
  let blocks = "";
  for (const line of text.split("\n")) {
    const isRow = line.endsWith("\t");
    const shown = isRow ? toRow(line) : line.trim();
    if (shown === "") continue;
    blocks += (blocks === "" ? "" : isRow && wasRow ? "\n" : "\n\n") + shown;
    wasRow = isRow;
  }
  return blocks;
}

function toRow(line: string): string {
  const cells = line.split("\t").map(escapeCell);
  while (cells.at(-1) === "") cells.pop();
  return cells.length > 0 ? `| ${cells.join(" | ")} |` : "";
}
