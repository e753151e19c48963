/**
 * Writes the digests of the regular expressions of src that recheck proves linear to test/safety/proven-patterns.txt,
 * so that the suite checks only new ones. `bun run test:more` proves all of them again.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findUnproven, patterns, provenFile, toDigest } from "../test/support/patterns.ts";

const unproven = new Set((await findUnproven(patterns, [])).map(({ whole }) => whole));
const digests = patterns.filter(({ whole }) => !unproven.has(whole)).map(toDigest);
writeFileSync(join(import.meta.dir, "..", provenFile), `${[...new Set(digests)].sort().join("\n")}\n`);
