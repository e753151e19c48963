import { expect, test } from "bun:test";
import { splitUids, toUidSet } from "../../src/imap/uid-set.ts";

test("neighboring UIDs are written as ranges, in any order given", () => {
  expect(toUidSet([3, 1, 2, 7, 2])).toBe("1:3,7");
  expect(toUidSet([])).toBe("");
});

test("RFC 7162 section 4: UIDs are split so that no command is longer than 8,192 octets, and none is lost", () => {
  const sparse = Array.from({ length: 5_000 }, (_, at) => 4_000_000_000 + 2 * at);
  const parts = splitUids(sparse);
  expect(parts.flat()).toEqual(sparse);
  for (const part of parts) expect(toUidSet(part).length).toBeLessThanOrEqual(8_000);
  const dense = splitUids(Array.from({ length: 5_000 }, (_, at) => at + 1));
  expect(dense.map(toUidSet)).toEqual(["1:1250", "1251:2500", "2501:3750", "3751:5000"]);
});
