/**
 * The addresses to which a person has written, as keyed hashes for a day: looked up in Sent, and remembered when the
 * person approves an email.
 */
import { and, eq, gt, inArray, lte } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { knownRecipients } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { MailAccount } from "../mail/mail-account.ts";
import { toKeyedHash } from "../secrets.ts";

const keptMs = 86_400_000;

export type KnownRecipients = ReturnType<typeof createKnownRecipients>;

export function createKnownRecipients({ db, clock }: { db: Database; clock: Clock }) {
  const toHash = ({ dataKey }: LiveGrant, address: string) =>
    toKeyedHash(dataKey, "recipient", address.toLowerCase());

  async function remember(grant: LiveGrant, accountId: string, addresses: readonly string[]): Promise<void> {
    const expiresAt = clock.now() + keptMs;
    for (const address of addresses)
      await db
        .insert(knownRecipients)
        .values({ grantId: grant.id, accountId, addressHash: toHash(grant, address), expiresAt })
        .onConflictDoUpdate({
          target: [knownRecipients.grantId, knownRecipients.accountId, knownRecipients.addressHash],
          set: { expiresAt },
        })
        .run();
  }

  async function listRemembered(
    grant: LiveGrant,
    accountId: string,
    hashes: readonly string[],
  ): Promise<Set<string>> {
    const rows = await db
      .select({ hash: knownRecipients.addressHash })
      .from(knownRecipients)
      .where(
        and(
          eq(knownRecipients.grantId, grant.id),
          eq(knownRecipients.accountId, accountId),
          inArray(knownRecipients.addressHash, [...hashes]),
          gt(knownRecipients.expiresAt, clock.now()),
        ),
      )
      .all();
    return new Set(rows.map(({ hash }) => hash));
  }

  return {
    remember,

    /**
     * Returns those of the addresses to which the person has never written. Where Sent cannot be read, nobody is known
     * who is not remembered.
     */
    async listNew(grant: LiveGrant, account: MailAccount, addresses: readonly string[]): Promise<string[]> {
      const { accountId } = account;
      const remembered = await listRemembered(
        grant,
        accountId,
        addresses.map((address) => toHash(grant, address)),
      );
      const own = account.address.toLowerCase();
      const open = addresses.filter(
        (address) => address.toLowerCase() !== own && !remembered.has(toHash(grant, address)),
      );
      if (open.length === 0) return [];
      const written = await account.findWrittenTo(open).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        return new Set<string>();
      });
      await remember(grant, accountId, [...written]);
      return open.filter((address) => !written.has(address.toLowerCase()));
    },

    /** Deletes what is older than a day. */
    async sweep(): Promise<void> {
      await db.delete(knownRecipients).where(lte(knownRecipients.expiresAt, clock.now())).run();
    },
  };
}
