/**
 * The key that client registrations are sealed with. It is stored in the database, sealed with the server key. The
 * server key itself is not used, because a registration is a client id in use elsewhere and must outlive a rotation.
 */
import { eq } from "drizzle-orm";
import { z } from "zod";
import { newKey, type Secrets } from "../secrets.ts";
import type { Database } from "./database.ts";
import { serverFacts } from "./schema.ts";

const fact = "registration_key";

/** Returns the key of 32 bytes, which is created when there is none. */
export async function loadRegistrationKey(db: Database, secrets: Secrets): Promise<Buffer> {
  const read = async () => {
    const stored = await db.select().from(serverFacts).where(eq(serverFacts.name, fact)).get();
    return stored && Buffer.from(z.string().parse(secrets.unsealValue(fact, stored.value)), "base64url");
  };
  const known = await read();
  if (known) return known;
  // Of two replicas that start at once, both go on with the key that was inserted.
  const key = newKey();
  const value = secrets.sealValue(fact, key.toString("base64url"));
  await db.insert(serverFacts).values({ name: fact, value }).onConflictDoNothing().run();
  return (await read()) ?? key;
}

/** Seals the key with the first key of the ring. */
export async function writeRegistrationKey(db: Database, secrets: Secrets, key: Uint8Array): Promise<void> {
  const value = secrets.sealValue(fact, Buffer.from(key).toString("base64url"));
  await db
    .insert(serverFacts)
    .values({ name: fact, value })
    .onConflictDoUpdate({ target: serverFacts.name, set: { value } })
    .run();
}
