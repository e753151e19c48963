CREATE TABLE "passkey_challenges" (
	"hash" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"purpose_hash" text NOT NULL,
	"expires_at" bigint NOT NULL,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE "passkeys" (
	"id" text PRIMARY KEY NOT NULL,
	"grant_id" text NOT NULL,
	"credential" bytea NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint,
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX "passkey_challenges_by_expiry" ON "passkey_challenges" ("expires_at");
--> statement-breakpoint
CREATE INDEX "passkeys_by_grant" ON "passkeys" ("grant_id");
--> statement-breakpoint
ALTER TABLE "grants" ADD "passkey_each_time" bigint DEFAULT 0 NOT NULL;
