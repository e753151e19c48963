ALTER TABLE "grants" ADD "held_by_claude" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "sessions" ADD "shows_cards" bigint DEFAULT 0 NOT NULL;
