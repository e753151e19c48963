/** The lines of the log arrive, whoever reads them, also at the end of the process. */
import { expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLineWriter } from "../src/line-writer.ts";

const folder = () => mkdtempSync(join(tmpdir(), "lines-"));
const module = JSON.stringify(join(import.meta.dir, "../src/line-writer.ts"));

test("lines are written in order, and a flush waits for all of them", async () => {
  const file = join(folder(), "log");
  const fd = openSync(file, "w");
  const lines = createLineWriter(fd, () => "");
  const expected = Array.from({ length: 300 }, (_, index) => `line ${index} ${"é".repeat(index)}\n`);
  for (const line of expected) lines.write(line);
  const first = lines.flush(60_000);
  lines.write("while writing\n");
  await first;
  await lines.flush(60_000);
  expect(readFileSync(file, "utf8")).toBe(`${expected.join("")}while writing\n`);
  closeSync(fd);
});

test("a descriptor that fails ends neither the flush nor the process", async () => {
  const fd = openSync("/dev/full", "w");
  const lines = createLineWriter(fd, () => "");
  lines.write("lost\n");
  await lines.flush(60_000);
  closeSync(fd);
});

test("nothing is lost when the process ends while the pipe is full, and the process goes on meanwhile", async () => {
  const pipe = join(folder(), "pipe");
  await Bun.$`mkfifo ${pipe}`;
  const script = `
    const { createLineWriter } = await import(${module});
    const lines = createLineWriter(2, () => "");
    for (let line = 0; line < 600; line += 1) lines.write("x".repeat(999) + "\\n");
    const all = lines.flush(50_000);
    console.log("going on");
    await all;
    process.exit(70);`;
  // Opened for reading as well, the pipe needs no reader to be opened for writing.
  const child = Bun.spawn(["sh", "-c", `exec "$0" -e "$1" 2<>"$2"`, process.execPath, script, pipe], {
    stdout: "pipe",
  });
  const output = child.stdout.getReader();
  expect(new TextDecoder().decode((await output.read()).value)).toContain("going on");
  const text = await Bun.file(pipe).text();
  expect(text.length).toBe(600_000);
  expect(await child.exited).toBe(70);
});

test("lines that wait for a reader are bounded, and those left out are counted", async () => {
  const file = join(folder(), "log");
  const fd = openSync(file, "w");
  const lines = createLineWriter(fd, (count) => `${count} dropped\n`);
  const line = `${"x".repeat(1_048_575)}\n`;
  for (let count = 0; count < 12; count += 1) lines.write(line);
  await lines.flush(60_000);
  const written = readFileSync(file, "utf8").split("\n");
  expect(written.length - 1).toBe(10);
  expect(written.at(-2)).toBe("3 dropped");
  closeSync(fd);
});
