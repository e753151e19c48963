/**
 * All tables, the lifetime of their rows, and which columns are hashed or sealed.
 *
 * Stored in clear are random ids, times, counts, client ids and redirect hosts; no address, mail host, subject or mail
 * text is. Deleting a grant deletes all rows that refer to it, among them its credentials and their wrapped keys
 * (crypto-shredding). Times are in milliseconds since the epoch.
 */
import { blob, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

const sealed = (name: string) => blob(name, { mode: "buffer" });

/** Values that exist once per database: the server key's check value, the key of client registrations. Permanent. */
export const serverFacts = sqliteTable("server_facts", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

/** One person's permission to one client. Deleted when revoked, on a replayed code, or after its last refresh token. */
export const grants = sqliteTable(
  "grants",
  {
    id: text("id").primaryKey(), // grt_…
    clientId: text("client_id").notNull(),
    redirectHost: text("redirect_host").notNull(),
    level: text("level", { enum: ["read", "organise", "send"] }).notNull(),
    /** pending: its form is still open; live: an authorization code was issued. */
    state: text("state", { enum: ["pending", "live"] }).notNull(),
    createdAt: integer("created_at").notNull(),
    lastUsedAt: integer("last_used_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    /** Number of refused passwords for its addresses in the day before they were connected. */
    failedGuesses: integer("failed_guesses").notNull().default(0),
  },
  (table) => [index("grants_by_expiry").on(table.expiresAt)],
);

const grantId = () =>
  text("grant_id")
    .notNull()
    .references(() => grants.id, { onDelete: "cascade" });

/** One mail account inside a grant. `credentials` is sealed under the grant's data key. */
export const accounts = sqliteTable(
  "accounts",
  {
    id: text("id").primaryKey(), // acc_…
    grantId: grantId(),
    position: integer("position").notNull(),
    credentials: sealed("credentials").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [index("accounts_by_grant").on(table.grantId)],
);

/**
 * A validated authorization request while its form is open. The row makes it single-use and, while accounts are being
 * added, holds the data key of the pending grant. A row with neither a grant nor `usedAt` was cancelled. A second row per
 * issued code, under a hash of what the client sent, recognizes a browser that goes back. An hour. The request itself is
 * sealed in the form.
 */
export const authorizationRequests = sqliteTable(
  "authorization_requests",
  {
    hash: text("hash").primaryKey(), // SHA-256 of the request's secret
    grantId: text("grant_id").references(() => grants.id, { onDelete: "cascade" }),
    wrappedKey: sealed("wrapped_key"),
    usedAt: integer("used_at"),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [index("authorization_requests_by_expiry").on(table.expiresAt)],
);

/** Authorization codes: five minutes, usable once. Used codes are kept so that a replay is recognized. */
export const authorizationCodes = sqliteTable(
  "authorization_codes",
  {
    hash: text("hash").primaryKey(),
    grantId: grantId(),
    clientId: text("client_id").notNull(),
    redirectUriHash: text("redirect_uri_hash").notNull(),
    codeChallenge: text("code_challenge").notNull(),
    wrappedKey: sealed("wrapped_key").notNull(),
    expiresAt: integer("expires_at").notNull(),
    consumedAt: integer("consumed_at"),
  },
  (table) => [index("codes_by_grant").on(table.grantId)],
);

/**
 * Access and refresh tokens. A dead refresh token keeps its row until it expires, with an empty wrapped key, so that
 * its reuse is recognized.
 */
export const tokens = sqliteTable(
  "tokens",
  {
    hash: text("hash").primaryKey(),
    kind: text("kind", { enum: ["access", "refresh"] }).notNull(),
    grantId: grantId(),
    wrappedKey: sealed("wrapped_key").notNull(),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    /** Hash of the refresh token that was spent for this token; null for tokens issued from a code. */
    parentHash: text("parent_hash"),
    /** Hash of the refresh token of the same response: its own for a refresh token. Null in rows of older versions. */
    pairHash: text("pair_hash"),
    /** Time of the first use; null before it, and always null for tokens issued from a code. */
    presentedAt: integer("presented_at"),
  },
  (table) => [index("tokens_by_grant").on(table.grantId), index("tokens_by_expiry").on(table.expiresAt)],
);

/** MCP sessions: 30 minutes idle. */
export const sessions = sqliteTable(
  "sessions",
  {
    hash: text("hash").primaryKey(),
    grantId: grantId(),
    createdAt: integer("created_at").notNull(),
    lastUsedAt: integer("last_used_at").notNull(),
  },
  (table) => [index("sessions_by_grant").on(table.grantId)],
);

/**
 * The send log, which prevents duplicates and counts sends: hashes under the grant's data key, times and the sealed
 * answer. 24 hours.
 */
export const sends = sqliteTable(
  "sends",
  {
    id: text("id").primaryKey(), // snd_…
    grantId: grantId(),
    accountId: text("account_id").notNull(),
    /** Keyed hash of the idempotency key; null when none was given. */
    keyHash: text("key_hash"),
    /** Keyed hash of the request, which identifies a repetition after its draft or upload was deleted. */
    requestHash: text("request_hash").notNull(),
    /** Keyed hash of the finished email: recipients, subject, text, attachments. */
    contentHash: text("content_hash").notNull(),
    state: text("state", { enum: ["sending", "sent", "maybe_sent", "failed"] }).notNull(),
    recipients: integer("recipients").notNull(),
    answer: sealed("answer"),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [index("sends_by_grant").on(table.grantId, table.createdAt)],
);

/** The undo log: the changes of a write, as email ids sealed under the grant's data key. 24 hours. */
export const operations = sqliteTable(
  "operations",
  {
    id: text("id").primaryKey(), // op_…
    grantId: grantId(),
    accountId: text("account_id").notNull(),
    tool: text("tool").notNull(),
    changes: sealed("changes").notNull(),
    createdAt: integer("created_at").notNull(),
    undoneAt: integer("undone_at"),
  },
  (table) => [index("operations_by_grant").on(table.grantId)],
);

/** One-time links for a person's browser: the download of an attachment, or an upload page. */
export const links = sqliteTable(
  "links",
  {
    hash: text("hash").primaryKey(),
    grantId: grantId(),
    kind: text("kind", { enum: ["download", "upload"] }).notNull(),
    /** The grant's data key, wrapped under the link's own secret. */
    wrappedKey: sealed("wrapped_key").notNull(),
    /** The attachment or upload that the link is for, sealed under the data key. */
    target: sealed("target").notNull(),
    expiresAt: integer("expires_at").notNull(),
    usedAt: integer("used_at"),
  },
  (table) => [index("links_by_expiry").on(table.expiresAt)],
);

/** Files that a person uploaded for an email: one hour, deleted when used. */
export const uploads = sqliteTable(
  "uploads",
  {
    id: text("id").primaryKey(), // upl_…
    grantId: grantId(),
    /** Name, type and size, sealed under the data key. */
    description: sealed("description").notNull(),
    sizeBytes: integer("size_bytes").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [index("uploads_by_expiry").on(table.expiresAt)],
);

/** The content of an upload, each chunk sealed under the data key. */
export const uploadChunks = sqliteTable(
  "upload_chunks",
  {
    uploadId: text("upload_id")
      .notNull()
      .references(() => uploads.id, { onDelete: "cascade" }),
    position: integer("position").notNull(),
    content: sealed("content").notNull(),
  },
  (table) => [primaryKey({ columns: [table.uploadId, table.position] })],
);
