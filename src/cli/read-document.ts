/**
 * `read-document [PAGES]`: reads one document from standard input and writes its text as JSON to standard output; with
 * page numbers such as `3,4` the pictures that these pages of a PDF consist of.
 */
import { becomeFirstOomVictim } from "../child-process/resources.ts";
import { encodeDocument, encodePictures } from "../documents/child-output.ts";

/** Loads the document readers only here: they are large, and the server process never runs them. */
export async function readDocumentFromStdin(pages?: string): Promise<number> {
  // Libraries report damage on the console; standard output is for the result.
  for (const level of ["log", "info", "warn", "error"] as const) console[level] = () => undefined;
  becomeFirstOomVictim();
  const reader = await import("../documents/read-document.ts");
  const bytes = await Bun.stdin.bytes();
  const output = pages
    ? encodePictures(await reader.readPictures(bytes, pages.split(",").map(Number)))
    : encodeDocument(await reader.readDocument(bytes));
  await Bun.write(Bun.stdout, output);
  return 0;
}

// Entry point of the child process when the server runs from source.
if (import.meta.main) await readDocumentFromStdin(process.argv[2]);
