ALTER TABLE "sessions" DROP COLUMN "protocol_version";
