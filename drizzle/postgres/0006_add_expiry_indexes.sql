CREATE INDEX "authorization_requests_by_expiry" ON "authorization_requests" ("expires_at");
--> statement-breakpoint
CREATE INDEX "grants_by_expiry" ON "grants" ("expires_at");
--> statement-breakpoint
CREATE INDEX "links_by_expiry" ON "links" ("expires_at");
--> statement-breakpoint
CREATE INDEX "tokens_by_expiry" ON "tokens" ("expires_at");
--> statement-breakpoint
CREATE INDEX "uploads_by_expiry" ON "uploads" ("expires_at");
