-- A rotated refresh token is dead from now on; a dead token has an empty key.
UPDATE "tokens" SET "wrapped_key" = '\x' WHERE "replaced_at" IS NOT NULL;
--> statement-breakpoint
ALTER TABLE "tokens" DROP COLUMN "replaced_at";
