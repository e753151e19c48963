/** The check value: a constant sealed with the server key, so that a wrong key is detected at the start. */
import { eq } from "drizzle-orm";
import { StartError } from "../errors.ts";
import type { Secrets } from "../secrets.ts";
import type { Database } from "./database.ts";
import { serverFacts } from "./schema.ts";

const fact = "key_check";

/** Throws StartError when no key of the ring unseals the check value. Writes the value when there is none. */
export async function checkServerKey(db: Database, secrets: Secrets): Promise<void> {
  const stored = await db.select().from(serverFacts).where(eq(serverFacts.name, fact)).get();
  if (stored === undefined) {
    await writeKeyCheck(db, secrets);
    return;
  }
  try {
    secrets.unsealValue(fact, stored.value);
  } catch (cause) {
    throw new StartError(
      "The server key is not the one this database was sealed with. Put the old key back (ENCRYPTION_KEY_FILE or ENCRYPTION_KEY); to change it, keep the old one behind the new one and run rotate-key.",
      { cause },
    );
  }
}

/** Seals the check value with the first key of the ring, in a row that is there or not. */
export async function writeKeyCheck(db: Database, secrets: Secrets): Promise<void> {
  const value = secrets.sealValue(fact, "email-connector");
  await db
    .insert(serverFacts)
    .values({ name: fact, value })
    .onConflictDoUpdate({ target: serverFacts.name, set: { value } })
    .run();
}
