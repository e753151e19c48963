CREATE TABLE `replicas` (
	`id` text PRIMARY KEY NOT NULL,
	`seen_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `signals` (
	`id` text PRIMARY KEY NOT NULL,
	`sender` text NOT NULL,
	`topic` text NOT NULL,
	`subject` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `signals_by_time` ON `signals` (`created_at`);--> statement-breakpoint
ALTER TABLE `approvals` ADD `owner` text;--> statement-breakpoint
ALTER TABLE `sends` ADD `owner` text;