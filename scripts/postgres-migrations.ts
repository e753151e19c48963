/**
 * Makes the migrations of Postgres from those of SQLite, which drizzle-kit generates: `bun run db:generate`. A file that
 * exists is left as it is; what the mapping cannot say is written by hand.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../drizzle");

/** Tables that are lost in a crash of Postgres, and are written without its log. */
const unlogged = new Set(["rates"]);

/** The statement that ends each part of a migration file. */
const breakpoint = "--> statement-breakpoint";

/** Maps the text of a migration of SQLite to Postgres. Tables are created after those that they refer to. */
export function toPostgresMigration(sqlite: string): string {
  const statements = sqlite.split(breakpoint).map((statement) => mapStatement(statement.trim()));
  return `${inReferenceOrder(statements).join(`\n${breakpoint}\n`)}\n`;
}

function mapStatement(statement: string): string {
  return statement
    .replaceAll("`", '"')
    .replace(/^(\t"\w+"|ALTER TABLE "\w+" ADD "\w+") integer\b/gm, "$1 bigint")
    .replace(/^(\t"\w+"|ALTER TABLE "\w+" ADD "\w+") blob\b/gm, "$1 bytea")
    .replace(/\bDEFAULT false\b/g, "DEFAULT 0")
    .replace(/\bDEFAULT true\b/g, "DEFAULT 1")
    .replace(/\bx''/g, "'\\x'")
    .replace(/^CREATE TABLE "(\w+)"/, (head, name: string) =>
      unlogged.has(name) ? head.replace("TABLE", "UNLOGGED TABLE") : head,
    );
}

/** Moves each CREATE TABLE behind the tables of the same file that it refers to. */
function inReferenceOrder(statements: readonly string[]): string[] {
  const nameOf = (statement: string) => /^CREATE (?:UNLOGGED )?TABLE "(\w+)"/.exec(statement)?.[1];
  const waiting = statements.filter((statement) => nameOf(statement) !== undefined);
  const ordered: string[] = [];
  while (waiting.length > 0) {
    const open = new Set(waiting.map(nameOf));
    const next = waiting.findIndex((statement) =>
      [...statement.matchAll(/REFERENCES "(\w+)"/g)].every(
        ([, name]) => !open.has(name) || name === nameOf(statement),
      ),
    );
    ordered.push(...waiting.splice(Math.max(0, next), 1));
  }
  return [...ordered, ...statements.filter((statement) => nameOf(statement) === undefined)];
}

if (import.meta.main) {
  mkdirSync(join(root, "postgres/meta"), { recursive: true });
  for (const name of readdirSync(join(root, "sqlite")).filter((file) => file.endsWith(".sql"))) {
    const target = join(root, "postgres", name);
    if (existsSync(target)) continue;
    writeFileSync(target, toPostgresMigration(readFileSync(join(root, "sqlite", name), "utf8")));
    process.stdout.write(`drizzle/postgres/${name}: review it\n`);
  }
  copyFileSync(join(root, "sqlite/meta/_journal.json"), join(root, "postgres/meta/_journal.json"));
}
