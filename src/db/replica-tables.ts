/** The tables by which replicas share what one process keeps in memory. Empty on SQLite. */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The processes that share a database: each writes its row every 3 seconds, and is dead when it has not for 12. */
export const replicas = sqliteTable("replicas", {
  id: text("id").primaryKey(), // rpl_…
  /** By the database's clock. */
  seenAt: integer("seen_at").notNull(),
});

/** Ends that one replica tells the others: ten minutes. */
export const signals = sqliteTable(
  "signals",
  {
    id: text("id").primaryKey(), // sig_…
    sender: text("sender").notNull(),
    topic: text("topic", {
      enum: ["grant_ended", "session_closed", "call_cancelled", "tools_changed"],
    }).notNull(),
    /** The id of the grant, the hash of the session, or the key of the call. */
    subject: text("subject").notNull(),
    /** By the database's clock. */
    createdAt: integer("created_at").notNull(),
  },
  (table) => [index("signals_by_time").on(table.createdAt)],
);

/** Rates that replicas share: the time at which the full burst of a key is available again. Lost in a crash. */
export const sharedRates = sqliteTable(
  "rates",
  {
    /** Name of the rate and a keyed hash of what it is about. */
    key: text("key").primaryKey(),
    refillAt: integer("refill_at").notNull(),
  },
  (table) => [index("rates_by_time").on(table.refillAt)],
);
