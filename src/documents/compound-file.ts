/** Compound files (MS-CFB): Office formats before 2007, and newer ones under a password. Described, never read. */

const signature = Buffer.from("d0cf11e0a1b11ae1", "hex");

/** Descriptions by the name of a stream that only this kind of file has. */
const descriptions: readonly [stream: string, description: string][] = [
  ["EncryptedPackage", "An Office file that is protected by a password."],
  ["WordDocument", "A Word document in the old binary format (.doc)"],
  ["Workbook", "An Excel workbook in the old binary format (.xls)"],
  ["Book", "An Excel workbook in the old binary format (.xls)"],
  ["PowerPoint Document", "A PowerPoint presentation in the old binary format (.ppt)"],
  ["__substg1.0_", "An email saved by Outlook (.msg)"],
];

/** Returns a sentence for a compound file, undefined for any other file. */
export function describeCompoundFile(bytes: Buffer): string | undefined {
  if (!bytes.subarray(0, signature.length).equals(signature)) return undefined;
  const found = descriptions.find(([stream]) => bytes.includes(Buffer.from(stream, "utf16le")))?.[1];
  if (found?.endsWith(".")) return found;
  return `${found ?? "A file in an old Office format"}, which is not read.`;
}
