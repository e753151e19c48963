/** `read-document`: reads one document from standard input and writes its text as JSON to standard output. */

import { becomeFirstOomVictim } from "../child-process/resources.ts";
import { encodeOutput } from "../documents/child-output.ts";

/** Loads the document readers only here: they are large, and the server process never runs them. */
export async function readDocumentFromStdin(): Promise<number> {
  // Libraries report damage on the console; standard output is for the result.
  for (const level of ["log", "info", "warn", "error"] as const) console[level] = () => undefined;
  becomeFirstOomVictim();
  const reader = await import("../documents/read-document.ts");
  const result = await reader.readDocument(await Bun.stdin.bytes());
  await Bun.write(Bun.stdout, encodeOutput(result));
  return 0;
}

// Entry point of the child process when the server runs from source.
if (import.meta.main) await readDocumentFromStdin();
