/** The memory of all child processes together: the largest is ended when they hold too much, idle ones first. */
import { afterAll, expect, test } from "bun:test";
import { createMemoryGuard } from "../../src/child-process/memory-guard.ts";
import { createChildPool, renderCommand } from "../../src/child-process/pool.ts";

function createRecorder() {
  const ended: string[] = [];
  const guard = createMemoryGuard(100);
  const record = (name: string, bytes: number, isIdle = false) =>
    guard.record(keys[name as keyof typeof keys], { bytes, isIdle, end: () => ended.push(name) });
  return { ended, guard, record };
}
const keys = { a: {}, b: {}, c: {} };

test("The largest process is ended when all together hold too much, and no other", () => {
  const { ended, record } = createRecorder();
  record("a", 30);
  record("b", 60);
  expect(ended).toEqual([]);
  record("c", 20);
  expect(ended).toEqual(["b"]);
  record("a", 40);
  expect(ended).toEqual(["b"]);
});

test("Idle processes are ended before one that serves a request", () => {
  const { ended, record } = createRecorder();
  record("a", 10, true);
  record("b", 15, true);
  record("c", 90);
  expect(ended).toEqual(["b"]);
  record("c", 95);
  expect(ended).toEqual(["b", "a"]);
});

test("A process that has ended counts no more", () => {
  const { ended, guard, record } = createRecorder();
  record("a", 60);
  guard.forget(keys.a);
  record("b", 60);
  expect(ended).toEqual([]);
});

const pool = createChildPool(renderCommand, { guard: createMemoryGuard(1_000_000) });
afterAll(() => pool.close());

test("A request whose process is ended for the memory of all is answered as one that takes too much memory", async () => {
  // No process of ours fits into 1 MB, so that the first look at it ends it.
  const contents = {
    texts: [{ html: { part: "1", type: "text/html", size: 1, parameters: {}, children: [] } }],
    calendars: [],
    attachments: [],
  };
  const header = { task: "body", contents, request: { format: "markdown", forward: false }, parts: ["1"] };
  const pieces = [Buffer.from("<p>Some <b>words</b></p>".repeat(40_000))];
  const outcome = await pool.run({ header, pieces }, new AbortController().signal);
  expect(outcome).toEqual({ failure: "too_much_memory" });
});
