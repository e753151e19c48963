CREATE TABLE `rates` (
	`key` text PRIMARY KEY NOT NULL,
	`refill_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `rates_by_time` ON `rates` (`refill_at`);