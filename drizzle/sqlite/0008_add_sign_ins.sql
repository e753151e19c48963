CREATE TABLE `sign_ins` (
	`hash` text PRIMARY KEY NOT NULL,
	`sealed` blob,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sign_ins_by_expiry` ON `sign_ins` (`expires_at`);