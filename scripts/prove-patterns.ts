/**
 * Writes the digests of the regular expressions of src that recheck proves linear to test/safety/proven-patterns.txt,
 * so that the suite checks only new ones. Those that are in the file already are taken as proven, since all of them
 * take minutes; `bun run test:more` proves all of them again.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findUnproven, patterns, provenFile, toDigest } from "../test/support/patterns.ts";

const file = join(import.meta.dir, "..", provenFile);
const known = new Set(readFileSync(file, "utf8").split("\n"));
const fresh = patterns.filter((pattern) => !known.has(toDigest(pattern)));
const unproven = new Set((await findUnproven(fresh, [])).map(({ whole }) => whole));
const digests = patterns.filter(({ whole }) => !unproven.has(whole)).map(toDigest);
writeFileSync(file, `${[...new Set(digests)].sort().join("\n")}\n`);
