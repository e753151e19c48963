/** The child processes that read documents, and the queue for them. */
import { expect, test } from "bun:test";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { docx, drawnPdf } from "../support/documents.ts";
import { childProcessIds } from "../support/own-time.ts";
import { eventually } from "../support/waiting.ts";

test("a caller that aborts while it waits leaves its place in the queue to the next", async () => {
  const reader = createDocumentReader({ maxProcesses: 1 });
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

test.skipIf(process.platform !== "linux")(
  "a child process that is killed from outside is not reported as a timeout",
  async () => {
    const before = childProcessIds();
    const pages = Array.from({ length: 2_000 }, () => "BT /F1 12 Tf 72 720 Td (words) Tj ET");
    const reading = createDocumentReader().read(drawnPdf(pages), AbortSignal.timeout(20_000));
    const own = await eventually(() => childProcessIds().find((id) => !before.includes(id)));
    process.kill(own, "SIGKILL");
    expect(await reading).toEqual({
      text: "",
      notes: ["The file cannot be read: the process that read it ended unexpectedly."],
    });
  },
);
