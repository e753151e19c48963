/** `grants list` and `grants revoke ID`: lists and ends connections, also while the server runs. */
import { loadConfig } from "../config.ts";
import { type Database, openDatabase, requireDatabase } from "../db/open.ts";
import { deleteGrant, listGrants } from "../oauth/grant-admin.ts";
import type { Terminal } from "./terminal.ts";

const columns = ["id", "client", "redirect host", "level", "mailboxes", "created", "last used"];

export function list(terminal: Terminal): number {
  const rows = withDatabase(terminal, (db) =>
    listGrants(db).map((grant) => [
      grant.id,
      // The id of a registered client is long: its beginning identifies it.
      grant.clientId.length > 40 ? `${grant.clientId.slice(0, 39)}…` : grant.clientId,
      grant.redirectHost,
      grant.level,
      String(grant.accounts),
      formatTime(grant.createdAt),
      formatTime(grant.lastUsedAt),
    ]),
  );
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

export function revoke(id: string, terminal: Terminal): number {
  if (!withDatabase(terminal, (db) => deleteGrant(db, id))) {
    terminal.printError(`There is no grant ${id}; \`grants list\` shows all grants.`);
    return 1;
  }
  terminal.print(`${id} is revoked: its tokens and its mailboxes' passwords are deleted.`);
  return 0;
}

function withDatabase<T>(terminal: Terminal, work: (db: Database) => T): T {
  const { dataDir } = loadConfig(terminal.env);
  requireDatabase(dataDir);
  const { db, close } = openDatabase({ dataDir });
  try {
    return work(db);
  } finally {
    close();
  }
}

/** Formats milliseconds since the epoch as 2026-11-23 20:15 in UTC. */
function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace("T", " ");
}
