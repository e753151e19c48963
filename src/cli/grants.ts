/** `grants list`, `grants note ID TEXT` and `grants revoke ID`: lists, annotates and ends connections, also while the server runs. */
import { systemClock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { openStore, requireDatabase } from "../db/open.ts";
import { deleteGrant, listGrants, noteGrant } from "../oauth/grant-admin.ts";
import { loadCommandConfig } from "./command-config.ts";
import type { Terminal } from "./terminal.ts";

const columns = [
  "id",
  "client",
  "redirect host",
  "level",
  "mailboxes",
  "calls in a week",
  "created",
  "last used",
  "note",
];

export async function list(terminal: Terminal): Promise<number> {
  const grants = await withDatabase(terminal, (db) => listGrants(db, systemClock.now()));
  const rows = grants.map((grant) => [
    grant.id,
    // The id of a registered client is long: its beginning identifies it.
    grant.clientId.length > 40 ? `${grant.clientId.slice(0, 39)}…` : grant.clientId,
    grant.redirectHost,
    grant.level,
    String(grant.accounts),
    String(grant.weekCalls),
    formatTime(grant.createdAt),
    formatTime(grant.lastUsedAt),
    grant.note ?? "",
  ]);
  if (rows.length === 0) {
    terminal.print("Nobody has connected yet.");
    return 0;
  }
  const table = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    terminal.print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  return 0;
}

/** Maximum length of a note: a column of the list. */
const maxNoteLength = 60;

export async function note(id: string, words: readonly string[], terminal: Terminal): Promise<number> {
  // The list is printed to a terminal, where control characters act.
  const text = words
    .join(" ")
    .replace(/[^\P{C}]/gu, " ")
    .trim()
    .slice(0, maxNoteLength);
  if (!(await withDatabase(terminal, (db) => noteGrant(db, id, text)))) {
    terminal.printError(`There is no grant ${id}; \`grants list\` shows all grants.`);
    return 1;
  }
  terminal.print(text === "" ? `The note of ${id} is removed.` : `${id}: ${text}`);
  return 0;
}

export async function revoke(id: string, terminal: Terminal): Promise<number> {
  if (!(await withDatabase(terminal, (db) => endGrant(db, id)))) {
    terminal.printError(`There is no grant ${id}; \`grants list\` shows all grants.`);
    return 1;
  }
  terminal.print(`${id} is revoked: its tokens and its mailboxes' passwords are deleted.`);
  return 0;
}

/** Deletes a grant, and tells the replicas that run. */
async function endGrant(db: Database, id: string): Promise<boolean> {
  const isDeleted = await deleteGrant(db, id);
  if (isDeleted) await db.signals.send({ topic: "grant_ended", subject: id });
  return isDeleted;
}

async function withDatabase<T>(terminal: Terminal, work: (db: Database) => Promise<T>): Promise<T> {
  const config = loadCommandConfig(terminal);
  requireDatabase(config);
  const { db, close } = await openStore(config);
  try {
    return await work(db);
  } finally {
    await close();
  }
}

/** Formats milliseconds since the epoch as 2026-11-23 20:15 in UTC. */
function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace("T", " ");
}
