ALTER TABLE "sessions" ADD "elicits_urls" bigint DEFAULT 0 NOT NULL;
