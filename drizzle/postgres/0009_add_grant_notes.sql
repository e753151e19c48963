CREATE TABLE "call_counts" (
	"grant_id" text NOT NULL,
	"day" bigint NOT NULL,
	"calls" bigint NOT NULL,
	PRIMARY KEY("grant_id", "day"),
	FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX "call_counts_by_day" ON "call_counts" ("day");
--> statement-breakpoint
ALTER TABLE "grants" ADD "note" text;
