/**
 * The predefined CMaps (ISO 32000-1 section 9.7.5.2): tables of the characters of Chinese, Japanese and Korean fonts,
 * on which PDF files rely without containing them.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Inside the binary, where the build puts them; else the folder of the package. */
const compiledFolder = join(import.meta.dir, "cmaps");
const folder = existsSync(compiledFolder)
  ? compiledFolder
  : join(import.meta.dir, "../../../node_modules/pdfjs-dist/cmaps");

/** `fileName`: for example 90ms-RKSJ-H.bcmap, as a PDF file names it. Rejects when there is no such table. */
export async function readCMap(fileName: string): Promise<Uint8Array> {
  if (!/^[A-Za-z0-9-]{1,40}\.bcmap$/.test(fileName)) throw new Error("not the name of a CMap");
  return Bun.file(join(folder, fileName)).bytes();
}
