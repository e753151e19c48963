/** The threat table of SECURITY.md, compared with the suite: it has all cases, and every row has its test. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** The required cases. A case that is removed from SECURITY.md makes this test fail. */
const cases =
  "A01 A03 A04 A05 A07 A08 A09 A11 A12 A13 A14 A16 A19 S01 S04 S05 S06 S07 S08 I04 I05 I06 I08 I09 I11 I12 M01 M03 M04 M06 M07 M08 M09 P01 P04 P07 N01 N03 N07 N08 N09 R01 R03 R05 R07 R08 D01 D02 D03 D04 D05 D06 D07 Y01 Y02 Y03 Y04 Y05 Y06 Y07 Y08 Y09 Y10 Y11 Y12 Y13 Y14".split(
    " ",
  );

const rows = [
  ...readFileSync(join(root, "SECURITY.md"), "utf8").matchAll(/^\| ([A-Z]\d\d) \|.*\| (\S+) \|$/gm),
].map(([, id = "", file = ""]) => ({ id, file }));

test("Every case has a row", () => {
  expect(rows.map(({ id }) => id)).toEqual(cases);
});

test.each(rows)("$id has a test whose title begins with it in $file", ({ id, file }) => {
  const path = join(root, file);
  expect(existsSync(path)).toBe(true);
  // A title is at the beginning of a line or after the opening parenthesis of test or describe.
  const titles = [...readFileSync(path, "utf8").matchAll(/(?:\(|^)\s*["'`]([A-Z]\d\d): /gm)].map(
    ([, found]) => found,
  );
  expect(titles).toContain(id);
});
