ALTER TABLE "tokens" ADD "parent_hash" text;
--> statement-breakpoint
ALTER TABLE "tokens" ADD "pair_hash" text;
--> statement-breakpoint
ALTER TABLE "tokens" ADD "presented_at" bigint;
