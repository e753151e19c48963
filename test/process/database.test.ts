/** R03: A database that is foreign, damaged or read-only is left unchanged, and one line says what to do. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../support/command.ts";
import { startProduct, testSettings } from "../support/product.ts";

/** Damages the database of a first start, and starts again. `untouched`: the second start changed no file. */
async function startOnDamaged(
  damage: (file: string) => void,
): Promise<CommandResult & { untouched: boolean; file: string }> {
  const first = await startProduct();
  await first.stop();
  const file = join(first.dataDir, "email-connector.db");
  damage(file);
  const [before, names] = [readFileSync(file), readdirSync(first.dataDir)];
  const ran = await runCommand(["serve"], testSettings({ DATA_DIR: first.dataDir }));
  const untouched = before.equals(readFileSync(file)) && Bun.deepEquals(names, readdirSync(first.dataDir));
  return { ...ran, untouched, file };
}

/** Runs one statement, and writes its result to the database file itself. */
function change(file: string, statement: string): void {
  const db = new Database(file);
  db.run(statement);
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

test.each([
  [
    "corrupt: pages in the middle are overwritten",
    (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0xaa, 4_096, 20_480);
      writeFileSync(file, bytes);
    },
    "is damaged. Restore your backup; the file was left unchanged.",
  ],
  [
    "corrupt: cut in half",
    (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 50_000)),
    "is damaged. Restore your backup; the file was left unchanged.",
  ],
  [
    "corrupt: not a database",
    (file: string) => writeFileSync(file, "Dear diary,\n".repeat(1_000)),
    "is damaged.",
  ],
  ["empty: 0 bytes", (file: string) => writeFileSync(file, ""), "is empty."],
  [
    "foreign: another program's",
    (file: string) => change(file, "PRAGMA application_id = 4711"),
    "is a database of another program. Set DATA_DIR to a folder that only this server uses.",
  ],
  [
    "read-only",
    (file: string) => chmodSync(file, 0o400),
    "is read-only. Make it writable for the user the server runs as: chmod u+w.",
  ],
  [
    "from a newer version",
    (file: string) =>
      change(file, "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 9999999999999)"),
    "was written by a newer email-connector.",
  ],
])(
  "R03: %s: the server refuses to start with one line, and leaves the file unchanged",
  async (_, damage, line) => {
    const { exitCode, printedErrors, printed, untouched, file } = await startOnDamaged(damage);
    expect(printedErrors).toStartWith(`${file} ${line}`);
    expect(printedErrors.trim().split("\n")).toHaveLength(1);
    expect({ exitCode, printed, untouched }).toEqual({ exitCode: 1, printed: "", untouched: true });
  },
);
