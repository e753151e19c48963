CREATE TABLE "grants" (
	"id" text PRIMARY KEY NOT NULL,
	"client_id" text NOT NULL,
	"redirect_host" text NOT NULL,
	"level" text NOT NULL,
	"state" text NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"position" bigint NOT NULL,
	"credentials" bytea NOT NULL,
	"created_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "authorization_codes" (
	"hash" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"client_id" text NOT NULL,
	"redirect_uri_hash" text NOT NULL,
	"code_challenge" text NOT NULL,
	"resource" text,
	"wrapped_key" bytea NOT NULL,
	"expires_at" bigint NOT NULL,
	"consumed_at" bigint,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "authorization_requests" (
	"hash" text PRIMARY KEY NOT NULL,
	"grant_id" text,
	"wrapped_key" bytea,
	"used_at" bigint,
	"expires_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "links" (
	"hash" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"kind" text NOT NULL,
	"wrapped_key" bytea NOT NULL,
	"target" bytea NOT NULL,
	"expires_at" bigint NOT NULL,
	"used_at" bigint,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "operations" (
	"id" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"account_id" text NOT NULL,
	"tool" text NOT NULL,
	"changes" bytea NOT NULL,
	"created_at" bigint NOT NULL,
	"undone_at" bigint,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "sends" (
	"id" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"account_id" text NOT NULL,
	"key_hash" text,
	"request_hash" text NOT NULL,
	"content_hash" text NOT NULL,
	"state" text NOT NULL,
	"recipients" bigint NOT NULL,
	"answer" bytea,
	"created_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "server_facts" (
	"name" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"hash" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"protocol_version" text NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"hash" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"grant_id" text NOT NULL,
	"wrapped_key" bytea NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"replaced_at" bigint,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "uploads" (
	"id" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"description" bytea NOT NULL,
	"size_bytes" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "upload_chunks" (
	"upload_id" text NOT NULL,
	"position" bigint NOT NULL,
	"content" bytea NOT NULL,
	PRIMARY KEY("upload_id", "position"),
	FOREIGN KEY ("upload_id") REFERENCES "uploads"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX "accounts_by_grant" ON "accounts" ("grant_id");
--> statement-breakpoint
CREATE INDEX "codes_by_grant" ON "authorization_codes" ("grant_id");
--> statement-breakpoint
CREATE INDEX "operations_by_grant" ON "operations" ("grant_id");
--> statement-breakpoint
CREATE INDEX "sends_by_grant" ON "sends" ("grant_id","created_at");
--> statement-breakpoint
CREATE INDEX "sessions_by_grant" ON "sessions" ("grant_id");
--> statement-breakpoint
CREATE INDEX "tokens_by_grant" ON "tokens" ("grant_id");
