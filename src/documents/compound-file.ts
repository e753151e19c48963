/** Files of older office programs, and of newer ones under a password (MS-CFB): not read, but said. */

const mark = Buffer.from("d0cf11e0a1b11ae1", "hex");

/** What is inside, by the names of its streams. */
const contents: readonly [string, string][] = [
  ["EncryptedPackage", "An Office file that is protected by a password."],
  ["WordDocument", "A Word document of the older kind (.doc)"],
  ["Workbook", "An Excel workbook of the older kind (.xls)"],
  ["Book", "An Excel workbook of the older kind (.xls)"],
  ["PowerPoint Document", "A PowerPoint presentation of the older kind (.ppt)"],
  ["__substg1.0_", "An email as Outlook saves it (.msg)"],
];

/** Undefined when it is no such file. */
export function describeCompoundFile(bytes: Buffer): string | undefined {
  if (!bytes.subarray(0, mark.length).equals(mark)) return undefined;
  const found = contents.find(([name]) => bytes.includes(Buffer.from(name, "utf16le")))?.[1];
  if (found?.endsWith(".")) return found;
  return `${found ?? "A file of an older office program"}, whose text is not read here.`;
}
