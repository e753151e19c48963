/** Every ASCII character 90,000 times in each place where text stands, every fixture and every MIME bomb. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeIsolation, emailEverywhere } from "../support/isolation-tests.ts";
import { mimeBombs } from "../support/mime-bombs.ts";

const fixtures = join(import.meta.dir, "..", "fixtures", "eml");
const characters = Array.from({ length: 95 }, (_, at) => String.fromCharCode(at + 0x20));

describeIsolation(
  new Map<string, () => string | Uint8Array>([
    ...["\t", "\n", ...characters].map(
      (character) =>
        [
          `90,000 times ${JSON.stringify(character)}`,
          () => emailEverywhere(character.repeat(90_000)),
        ] as const,
    ),
    ["< and 90,000 spaces everywhere", () => emailEverywhere(`<${" ".repeat(90_000)}`)],
    ...Object.entries(mimeBombs),
    ...readdirSync(fixtures)
      .filter((name) => name.endsWith(".eml"))
      .map((name) => [name, () => readFileSync(join(fixtures, name))] as const),
  ]),
);
