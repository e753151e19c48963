/** `read-document`: one document on standard input, what it says as JSON on standard output. */

/** Loaded only here: the readers are large, and the server itself never runs them. */
export async function readDocument(): Promise<number> {
  const reader = await import("../documents/read-document.ts");
  const found = await reader.readDocument(await Bun.stdin.bytes());
  await Bun.write(Bun.stdout, JSON.stringify(found));
  return 0;
}

// Run from its source it needs nothing else of the program.
if (import.meta.main) await readDocument();
