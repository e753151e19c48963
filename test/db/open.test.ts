/** The database file: creation, migration, the settings of each connection, and the removal of deleted data. */
import { Database as SqliteFile } from "bun:sqlite";
import { expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { migrate } from "drizzle-orm/bun-sqlite/migrator";
import { openStore, toDatabaseFile } from "../../src/db/open.ts";
import { accounts, authorizationCodes, grants, sessions, tokens } from "../../src/db/schema.ts";
import { temporaryFolder } from "../support/temporary.ts";

const newGrant = (id: string) => ({
  id,
  clientId: "test",
  redirectHost: "claude.ai",
  level: "send" as const,
  state: "live" as const,
  createdAt: 1,
  lastUsedAt: 1,
  expiresAt: 2,
});

test("Every connection is durable, enforces foreign keys and overwrites deleted data", async () => {
  const { db, close } = await openStore({ dataDir: temporaryFolder("db") });
  const pragma = async (name: string) => (await db.values(`PRAGMA ${name}`))[0]?.[0];
  expect(await pragma("journal_mode")).toBe("wal");
  expect(await pragma("synchronous")).toBe(2);
  expect(await pragma("foreign_keys")).toBe(1);
  expect(await pragma("secure_delete")).toBe(1);
  expect(await pragma("busy_timeout")).toBe(5_000);
  await db.purge();
  expect(await pragma("busy_timeout")).toBe(5_000);
  await close();
});

test("A start after an interrupted first start creates the database", async () => {
  const dataDir = temporaryFolder("db");
  const file = toDatabaseFile(dataDir);
  for (const left of ["", "-wal", "-shm"]) writeFileSync(`${file}.next${left}`, "part of a database");
  const { db, close } = await openStore({ dataDir });
  expect(await db.select().from(grants).all()).toEqual([]);
  await close();
  expect(existsSync(`${file}.next`)).toBe(false);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await (await openStore({ dataDir })).close();
});

test("A database of the first version is migrated and keeps its rows", async () => {
  const dataDir = temporaryFolder("db");
  const first = temporaryFolder("migrations");
  cpSync(join(import.meta.dir, "../../drizzle/sqlite"), first, { recursive: true });
  const journal = join(first, "meta/_journal.json");
  const { entries, ...rest } = JSON.parse(readFileSync(journal, "utf8"));
  expect(entries.length).toBeGreaterThan(1);
  writeFileSync(journal, JSON.stringify({ ...rest, entries: entries.slice(0, 1) }));
  const old = new SqliteFile(toDatabaseFile(dataDir), { create: true });
  old.run("PRAGMA application_id = 0x656d636e");
  migrate(drizzle(old), { migrationsFolder: first });
  old.run("INSERT INTO grants VALUES ('grt_1', 'test', 'claude.ai', 'send', 'live', 1, 1, 2)");
  old.run("INSERT INTO sessions VALUES ('hash', 'grt_1', '2025-11-25', 1, 2)");
  const insertToken = old.query("INSERT INTO tokens VALUES (?, 'refresh', 'grt_1', x'0102', 1, 2, ?)");
  insertToken.run("current", null);
  insertToken.run("rotated", 3);
  old.close();
  const { db, close } = await openStore({ dataDir });
  expect(await db.select().from(grants).all()).toEqual([
    {
      ...newGrant("grt_1"),
      failedGuesses: 0,
      note: null,
      passkeyEachTime: false,
      asksForNewPeople: false,
      isHeldByClaude: false,
    },
  ]);
  expect(await db.select().from(authorizationCodes).all()).toEqual([]);
  expect(await db.select().from(sessions).all()).toEqual([
    { hash: "hash", grantId: "grt_1", createdAt: 1, lastUsedAt: 2, elicitsUrls: false, showsCards: false },
  ]);
  // A token that was rotated is dead: its reuse ends the grant.
  const rows = await db.select().from(tokens).all();
  expect(rows.map(({ hash, wrappedKey }) => [hash, wrappedKey.length])).toEqual([
    ["current", 2],
    ["rotated", 0],
  ]);
  expect(rows).toMatchObject(Array(2).fill({ parentHash: null, pairHash: null, presentedAt: null }));
  await close();
});

test("A transaction that throws is rolled back", async () => {
  const { db, close } = await openStore({ dataDir: temporaryFolder("db") });
  await expect(
    db.transaction(async (tx) => {
      await tx.insert(grants).values(newGrant("grt_1")).run();
      throw new Error("interrupted");
    }),
  ).rejects.toThrow("interrupted");
  expect(await db.select().from(grants).all()).toEqual([]);
  await close();
});

test("Deleting a grant deletes its accounts, and purging removes them from the file and the write-ahead log", async () => {
  const dataDir = temporaryFolder("db");
  const file = toDatabaseFile(dataDir);
  const { db, close } = await openStore({ dataDir });
  const credentials = Buffer.from("sealed-credentials-canary");
  await db.insert(grants).values(newGrant("grt_1")).run();
  await db
    .insert(accounts)
    .values({ id: "acc_1", grantId: "grt_1", position: 0, credentials, createdAt: 1 })
    .run();
  const holds = () => ["", "-wal"].some((suffix) => readFileSync(`${file}${suffix}`).includes(credentials));
  expect(holds()).toBe(true);
  await db.delete(grants).run();
  expect(await db.select().from(accounts).all()).toEqual([]);
  await db.purge();
  expect(holds()).toBe(false);
  await close();
});

test("Purging does not wait for a reader, such as a backup", async () => {
  const dataDir = temporaryFolder("db");
  const { db, close } = await openStore({ dataDir });
  const reader = new SqliteFile(toDatabaseFile(dataDir), { readonly: true });
  reader.run("BEGIN");
  reader.query("SELECT * FROM grants").all();
  await db.insert(grants).values(newGrant("grt_1")).run();
  const startedAt = performance.now();
  await db.purge();
  // A statement that waits for a reader waits for five seconds, blocking the thread without using CPU.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  reader.close();
  await close();
});
