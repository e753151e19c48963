CREATE TABLE "approvals" (
	"id" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"account_id" text NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"link_hash" text NOT NULL,
	"wrapped_key" bytea NOT NULL,
	"link" bytea NOT NULL,
	"action" bytea,
	"size_bytes" bigint NOT NULL,
	"key_hash" text,
	"request_hash" text NOT NULL,
	"content_hash" text NOT NULL,
	"wrong_passwords" bigint DEFAULT 0 NOT NULL,
	"answer" bytea,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"decided_at" bigint,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "approval_chunks" (
	"approval_id" text NOT NULL,
	"position" bigint NOT NULL,
	"content" bytea NOT NULL,
	PRIMARY KEY("approval_id", "position"),
	FOREIGN KEY ("approval_id") REFERENCES "approvals"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "connection_secrets" (
	"hash" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"wrapped_key" bytea NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "known_recipients" (
	"grant_id" text NOT NULL,
	"account_id" text NOT NULL,
	"address_hash" text NOT NULL,
	"expires_at" bigint NOT NULL,
	PRIMARY KEY("grant_id", "account_id", "address_hash"),
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "proofs" (
	"hash" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"subject" text NOT NULL,
	"origin" text NOT NULL,
	"expires_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "wrong_proofs" (
	"id" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"created_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX "approvals_by_grant" ON "approvals" ("grant_id","created_at");
--> statement-breakpoint
CREATE INDEX "approvals_by_expiry" ON "approvals" ("expires_at");
--> statement-breakpoint
CREATE INDEX "connection_secrets_by_grant" ON "connection_secrets" ("grant_id");
--> statement-breakpoint
CREATE INDEX "connection_secrets_by_expiry" ON "connection_secrets" ("expires_at");
--> statement-breakpoint
CREATE INDEX "known_recipients_by_expiry" ON "known_recipients" ("expires_at");
--> statement-breakpoint
CREATE INDEX "proofs_by_expiry" ON "proofs" ("expires_at");
--> statement-breakpoint
CREATE INDEX "wrong_proofs_by_grant" ON "wrong_proofs" ("grant_id","created_at");
--> statement-breakpoint
ALTER TABLE "grants" ADD "ask_for_new_people" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "operations" ADD "erased" bigint DEFAULT 0 NOT NULL;
