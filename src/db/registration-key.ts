/**
 * The key that client registrations are sealed with. It is a fact of this database, sealed with the server key, and
 * not the server key itself: a registration is a client id out in the world and must outlive a rotated server key.
 */
import { eq } from "drizzle-orm";
import { z } from "zod";
import { newKey, type Secrets } from "../secrets.ts";
import type { Database } from "./open.ts";
import { serverFacts } from "./schema.ts";

const fact = "registration_key";

/** The key, 32 bytes; made when there is none. */
export function loadRegistrationKey(db: Database, secrets: Secrets): Buffer {
  const kept = db.select().from(serverFacts).where(eq(serverFacts.name, fact)).get();
  if (kept) return Buffer.from(z.string().parse(secrets.unsealValue(fact, kept.value)), "base64url");
  const key = newKey();
  writeRegistrationKey(db, secrets, key);
  return key;
}

/** Seals the key with the first key of the ring. */
export function writeRegistrationKey(db: Database, secrets: Secrets, key: Uint8Array): void {
  const value = secrets.sealValue(fact, Buffer.from(key).toString("base64url"));
  db.insert(serverFacts)
    .values({ name: fact, value })
    .onConflictDoUpdate({ target: serverFacts.name, set: { value } })
    .run();
}
