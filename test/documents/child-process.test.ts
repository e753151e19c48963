/** The boundary between the server process and the child process that reads documents. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const root = join(import.meta.dir, "../..");
const sandboxed =
  /^src\/documents\/(pdf|word|sheet|slides|open-document|outlook|epub)\/|^src\/documents\/(xml|zip-archive|zip-members|decompression|relationships|document-writer|list-markers|spreadsheet-cells|compound-file)\.ts$/;
const entry = "src/documents/read-document.ts";

/** The files that are loaded together with a file: its imports, without types and without `import()`. */
function importsOf(path: string): string[] {
  const statements = readFileSync(join(root, path), "utf8").matchAll(
    /^(?:import|export)\b(?!\s+type\b)[^;]*?\bfrom\s+"(\.[^"]+)"/gms,
  );
  return [...statements].map(([, target = ""]) => normalize(join(dirname(path), target)));
}

test("the readers of PDF, office and ZIP files are loaded only in the child process", () => {
  const files = [...new Bun.Glob("src/**/*.{ts,tsx}").scanSync(root)];
  expect(files.filter((path) => sandboxed.test(path)).length).toBeGreaterThan(15);
  expect(importsOf(entry).some((path) => sandboxed.test(path))).toBe(true);
  const outside = files.filter((path) => path !== entry && !sandboxed.test(path));
  const broken = outside.flatMap((path) =>
    importsOf(path)
      .filter((target) => target === entry || sandboxed.test(target))
      .map((target) => `${path} imports ${target}`),
  );
  expect(broken).toEqual([]);
});
