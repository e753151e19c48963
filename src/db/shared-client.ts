/**
 * The static OAuth client of replicas: that of the settings, or one in the database, sealed with the server key, which the
 * first replica creates.
 */
import { eq } from "drizzle-orm";
import { z } from "zod";
import { newToken, type Secrets } from "../secrets.ts";
import type { Database } from "./database.ts";
import { serverFacts } from "./schema.ts";

const fact = "static_client";

const storedClient = z.object({ id: z.string(), secret: z.string() });

/** Returns the client, whose id and secret a person enters in Claude. */
export async function loadSharedClient(
  db: Database,
  secrets: Secrets,
  settings: { oauthClientId: string | undefined; oauthClientSecret: string | undefined },
): Promise<z.infer<typeof storedClient>> {
  const { oauthClientId: id, oauthClientSecret: secret } = settings;
  if (id !== undefined && secret !== undefined) return { id, secret };
  const client = { id: `email-connector-${newToken(4)}`, secret: newToken() };
  await keepSharedClient(db, secrets, client);
  const stored = await db.select().from(serverFacts).where(eq(serverFacts.name, fact)).get();
  if (!stored) return client;
  return storedClient.parse(JSON.parse(z.string().parse(secrets.unsealValue(fact, stored.value))));
}

/** Keeps a client unless there is one. */
export async function keepSharedClient(
  db: Database,
  secrets: Secrets,
  client: z.infer<typeof storedClient>,
): Promise<void> {
  const value = secrets.sealValue(fact, JSON.stringify(client));
  await db.insert(serverFacts).values({ name: fact, value }).onConflictDoNothing().run();
}
