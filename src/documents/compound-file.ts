/** Compound files (MS-CFB), read by their streams: Office formats before 2007, and newer ones under a password. */
import { CFB } from "@e965/xlsx";
import type { StreamOf } from "./compound-stream.ts";
import { type DocumentText, macrosNote } from "./document-text.ts";
import { readOutlookMessage } from "./outlook/message.ts";
import { readLegacyWorkbook } from "./sheet/legacy-workbook.ts";
import { readBinaryPresentation } from "./slides/binary-presentation.ts";
import { readBinaryDocument } from "./word/binary-document.ts";

type CompoundFile = { FullPaths: string[]; FileIndex: { content?: ArrayLike<number> }[] };

type Format = {
  /** A stream or storage that only this format has. */
  entry: string;
  read(bytes: Uint8Array, streamOf: StreamOf): DocumentText | Promise<DocumentText>;
};

const noteOnly = (note: string): DocumentText => ({ text: "", notes: [note] });

const formats: readonly Format[] = [
  { entry: "EncryptedPackage", read: () => noteOnly("An Office file that is protected by a password.") },
  { entry: "WordDocument", read: readBinaryDocument },
  { entry: "PowerPoint Document", read: (_, streamOf) => readBinaryPresentation(streamOf) },
  { entry: "Workbook", read: (bytes) => readLegacyWorkbook(bytes, "binary") },
  { entry: "Book", read: (bytes) => readLegacyWorkbook(bytes, "binary") },
  { entry: "__properties_version1.0", read: (bytes) => readOutlookMessage(bytes) },
];

const macroEntries = ["_VBA_PROJECT_CUR", "Macros"];

/** Throws when the file is damaged. */
export async function readCompoundFile(bytes: Uint8Array): Promise<DocumentText> {
  const file: CompoundFile = CFB.read(bytes, { type: "array" });
  // "Root Entry/" and what lies directly in it; storages end with a slash.
  const root = file.FullPaths[0] ?? "";
  const entries = new Map(
    file.FullPaths.map((path, at) => [
      path.slice(root.length).replace(/\/$/, ""),
      file.FileIndex[at]?.content,
    ]),
  );
  const streamOf: StreamOf = (name) => {
    const content = entries.get(name);
    return content && Uint8Array.from(content);
  };
  const format = formats.find(({ entry }) => entries.has(entry));
  if (!format) return noteOnly("A file in an old Office format, which is not read.");
  const document = await format.read(bytes, streamOf);
  const hasMacros = macroEntries.some((entry) => entries.has(entry));
  return hasMacros ? { ...document, notes: [...document.notes, macrosNote] } : document;
}
