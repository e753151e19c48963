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
    level: text("level", { enum: ["read", "organise", "approve", "send"] }).notNull(),
    /** pending: its form is still open; live: an authorization code was issued. */
    state: text("state", { enum: ["pending", "live"] }).notNull(),
    createdAt: integer("created_at").notNull(),
    lastUsedAt: integer("last_used_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    /** Number of refused passwords for its addresses in the day before they were connected. */
    failedGuesses: integer("failed_guesses").notNull().default(0),
    /** The operator's own words, by `grants note`: the one text here that may name a person. */
    note: text("note"),
    /** At the level `send`: what goes to an address that the person never wrote to waits for an approval. */
    asksForNewPeople: integer("ask_for_new_people", { mode: "boolean" }).notNull().default(false),
    /** Nothing but a passkey decides, each time anew. */
    passkeyEachTime: integer("passkey_each_time", { mode: "boolean" }).notNull().default(false),
    /** Its redirect URI is one of the two of Claude's own servers; false in rows of older versions. */
    isHeldByClaude: integer("held_by_claude", { mode: "boolean" }).notNull().default(false),
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

/**
 * Sign-ins under way at an issuer: ten minutes. The content is sealed under the state, and deleted at the first arrival
 * in any browser; what is left keeps a state from being used twice.
 */
export const signIns = sqliteTable(
  "sign_ins",
  {
    hash: text("hash").primaryKey(), // SHA-256 of the state
    sealed: sealed("sealed"),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [index("sign_ins_by_expiry").on(table.expiresAt)],
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
    /** The client announced that it shows its person a URL when asked to (elicitation in URL mode). */
    elicitsUrls: integer("elicits_urls", { mode: "boolean" }).notNull().default(false),
    /** The client announced that it shows cards (MCP Apps, io.modelcontextprotocol/ui). */
    showsCards: integer("shows_cards", { mode: "boolean" }).notNull().default(false),
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
    /** The replica that sends it. */
    owner: text("owner"),
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
    /** Number of emails that the call erased for good, which is not undone. */
    erased: integer("erased").notNull().default(0),
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

/**
 * Secrets of browsers in which a person connected or proved a password, one per browser and grant: 180 days. The cookie
 * holds the secret.
 */
export const connectionSecrets = sqliteTable(
  "connection_secrets",
  {
    hash: text("hash").primaryKey(),
    grantId: grantId(),
    /** The grant's data key, wrapped under the secret. */
    wrappedKey: sealed("wrapped_key").notNull(),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [
    index("connection_secrets_by_grant").on(table.grantId),
    index("connection_secrets_by_expiry").on(table.expiresAt),
  ],
);

/**
 * Actions that wait for a person's decision, and what became of them. The frozen bytes and the wrapped key are deleted
 * with the decision, after an hour at the latest; the row is kept for a day.
 */
export const approvals = sqliteTable(
  "approvals",
  {
    id: text("id").primaryKey(), // apr_…
    grantId: grantId(),
    accountId: text("account_id").notNull(),
    kind: text("kind", { enum: ["send", "erase", "answer", "unsubscribe"] }).notNull(),
    state: text("state", {
      enum: ["waiting", "deciding", "done", "maybe_done", "failed", "kept_as_draft", "declined", "expired"],
    }).notNull(),
    /** SHA-256 of the secret in the approval's URL. */
    linkHash: text("link_hash").notNull(),
    /** The grant's data key, wrapped under that secret; empty once it is decided or expired. */
    wrappedKey: sealed("wrapped_key").notNull(),
    /** The secret itself, sealed under the data key, so that a repeated call is answered with the same URL. */
    link: sealed("link").notNull(),
    /** The action without its bytes, sealed under the data key. Null while it is frozen, and once decided or expired. */
    action: sealed("action"),
    /** Number of frozen bytes in approval_chunks; 0 for a kind without any. */
    sizeBytes: integer("size_bytes").notNull(),
    /** Hashes under the data key, as in the send log. */
    keyHash: text("key_hash"),
    requestHash: text("request_hash").notNull(),
    contentHash: text("content_hash").notNull(),
    /** Number of wrong passwords on its page. */
    wrongPasswords: integer("wrong_passwords").notNull().default(0),
    /** The outcome, sealed under the data key. */
    answer: sealed("answer"),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    decidedAt: integer("decided_at"),
    /** The replica that freezes it, or carries the decision out. */
    owner: text("owner"),
  },
  (table) => [
    index("approvals_by_grant").on(table.grantId, table.createdAt),
    index("approvals_by_expiry").on(table.expiresAt),
  ],
);

/** The frozen bytes of an approval, each chunk sealed under the data key. */
export const approvalChunks = sqliteTable(
  "approval_chunks",
  {
    approvalId: text("approval_id")
      .notNull()
      .references(() => approvals.id, { onDelete: "cascade" }),
    position: integer("position").notNull(),
    content: sealed("content").notNull(),
  },
  (table) => [primaryKey({ columns: [table.approvalId, table.position] })],
);

/** Proofs that the person is at the browser: five minutes, used once, each for one subject. */
export const proofs = sqliteTable(
  "proofs",
  {
    hash: text("hash").primaryKey(),
    grantId: grantId(),
    /** The id of the approval or of the grant that the proof is for. */
    subject: text("subject").notNull(),
    /** The kind of proof. */
    origin: text("origin", { enum: ["password", "passkey", "issuer"] }).notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [index("proofs_by_expiry").on(table.expiresAt)],
);

/** Wrong passwords on a grant's own pages: a day. */
export const wrongProofs = sqliteTable(
  "wrong_proofs",
  {
    id: text("id").primaryKey(), // wrg_…
    grantId: grantId(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [index("wrong_proofs_by_grant").on(table.grantId, table.createdAt)],
);

/** Passkeys by which the person decides: until they are removed. */
export const passkeys = sqliteTable(
  "passkeys",
  {
    id: text("id").primaryKey(), // pky_…
    grantId: grantId(),
    /** Credential id, public key, signature counter and transports, sealed under the data key. */
    credential: sealed("credential").notNull(),
    createdAt: integer("created_at").notNull(),
    lastUsedAt: integer("last_used_at"),
  },
  (table) => [index("passkeys_by_grant").on(table.grantId)],
);

/** Challenges to authenticators (WebAuthn level 3 section 13.4.3): five minutes, used once, each for one purpose. */
export const passkeyChallenges = sqliteTable(
  "passkey_challenges",
  {
    hash: text("hash").primaryKey(),
    grantId: grantId(),
    /** Hash under the data key of the purpose: the approval, the decision and the frozen bytes. */
    purposeHash: text("purpose_hash").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [index("passkey_challenges_by_expiry").on(table.expiresAt)],
);

/** Addresses that the person has written to, as hashes under the data key: a day. */
export const knownRecipients = sqliteTable(
  "known_recipients",
  {
    grantId: grantId(),
    accountId: text("account_id").notNull(),
    addressHash: text("address_hash").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.grantId, table.accountId, table.addressHash] }),
    index("known_recipients_by_expiry").on(table.expiresAt),
  ],
);

/** Number of a grant's tool calls by day (UTC), for the operator's list: eight days. */
export const callCounts = sqliteTable(
  "call_counts",
  {
    grantId: grantId(),
    /** Days since the epoch. */
    day: integer("day").notNull(),
    calls: integer("calls").notNull(),
  },
  (table) => [primaryKey({ columns: [table.grantId, table.day] }), index("call_counts_by_day").on(table.day)],
);
