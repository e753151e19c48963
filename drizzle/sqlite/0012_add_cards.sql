ALTER TABLE `grants` ADD `held_by_claude` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `sessions` ADD `shows_cards` integer DEFAULT false NOT NULL;