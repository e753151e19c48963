/** The line before the readers of documents. */
import { expect, test } from "bun:test";
import { createDocumentReader } from "../../src/documents/reader.ts";
import { docx } from "../support/documents.ts";

test("whoever gives up waiting for a reader leaves the line to the next", async () => {
  const reader = createDocumentReader({ atOnce: 1 });
  const patient = new AbortController().signal;
  const hasty = new AbortController();
  const first = reader.read(docx(), patient);
  const second = reader.read(docx(), hasty.signal).catch((error: unknown) => error);
  const third = reader.read(docx(), patient);
  hasty.abort(new Error("gone"));
  expect(await second).toEqual(new Error("gone"));
  for (const { text } of await Promise.all([first, third])) expect(text).toContain("# Report");
  expect(await reader.read(docx(), hasty.signal).catch((error: unknown) => error)).toEqual(new Error("gone"));
});
