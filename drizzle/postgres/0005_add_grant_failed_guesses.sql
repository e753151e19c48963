ALTER TABLE "grants" ADD "failed_guesses" bigint DEFAULT 0 NOT NULL;
