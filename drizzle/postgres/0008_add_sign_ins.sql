CREATE TABLE "sign_ins" (
	"hash" text PRIMARY KEY NOT NULL,
	"sealed" bytea,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "sign_ins_by_expiry" ON "sign_ins" ("expires_at");
