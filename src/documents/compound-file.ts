/** Compound files (MS-CFB), read by their streams: Office formats before 2007, and newer ones under a password. */
import { CFB } from "@e965/xlsx";
import { type DocumentText, macrosNote } from "./document-text.ts";
import { readLegacyWorkbook } from "./sheet/legacy-workbook.ts";

/** Gives the bytes of a stream of the root storage; undefined when there is none. */
export type StreamOf = (name: string) => Uint8Array | undefined;

type CompoundFile = { FullPaths: string[]; FileIndex: { content?: ArrayLike<number> }[] };

type Format = {
  /** A stream or storage that only this format has. */
  entry: string;
  read(bytes: Uint8Array, streamOf: StreamOf): DocumentText | Promise<DocumentText>;
};

const noteOnly = (note: string): DocumentText => ({ text: "", notes: [note] });
const notRead = (what: string) => () => noteOnly(`${what}, which is not read.`);

const formats: readonly Format[] = [
  { entry: "EncryptedPackage", read: () => noteOnly("An Office file that is protected by a password.") },
  { entry: "WordDocument", read: notRead("A Word document in the old binary format (.doc)") },
  {
    entry: "PowerPoint Document",
    read: notRead("A PowerPoint presentation in the old binary format (.ppt)"),
  },
  { entry: "Workbook", read: (bytes) => readLegacyWorkbook(bytes, "binary") },
  { entry: "Book", read: (bytes) => readLegacyWorkbook(bytes, "binary") },
  { entry: "__properties_version1.0", read: notRead("An email saved by Outlook (.msg)") },
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
  const { text, notes } = await format.read(bytes, streamOf);
  const hasMacros = macroEntries.some((entry) => entries.has(entry));
  return { text, notes: hasMacros ? [...notes, macrosNote] : notes };
}
