/**
 * Credentials at rest, and the only place that unseals them.
 *
 * One account's credentials are one AES-256-GCM blob under its grant's data key; the additional data binds version,
 * grant, account and field, so that a row copied to another grant or account opens nothing.
 */
import { and, asc, eq, sql } from "drizzle-orm";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import type { Database } from "../db/open.ts";
import { accounts } from "../db/schema.ts";
import type { DocumentReader } from "../documents/sandbox.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Connections } from "../imap/connections.ts";
import type { MailAccount } from "../mail/mail-account.ts";
import { findPreset, findPresetByImapHost } from "../providers/presets.ts";
import { newId, seal, unseal } from "../secrets.ts";
import type { Submissions } from "../smtp/submissions.ts";

const server = z.object({
  host: z.string(),
  port: z.number(),
  security: z.enum(["tls", "starttls"]),
});

const storedCredentials: z.ZodType<Credentials> = z.object({
  address: z.string(),
  name: z.string().exactOptional(),
  username: z.string(),
  password: z.string(),
  provider: z.string(),
  imap: server,
  smtp: server.exactOptional(),
});

/** A mailbox that is connected, as a page may show it. */
export type ConnectedAccount = { address: string; canSend: boolean };

/** More than a person has, fewer than a search across all of them can bear. */
const maxAccounts = 10;

export type Vault = ReturnType<typeof createVault>;

export function createVault(deps: {
  db: Database;
  connections: Connections;
  submissions: Submissions;
  documents: DocumentReader;
  clock: Clock;
}) {
  const { db, connections, submissions, documents, clock } = deps;

  /** Asked at every tool call: its SQL is made once. */
  const ofGrant = db
    .select({ id: accounts.id, sealed: accounts.credentials })
    .from(accounts)
    .where(eq(accounts.grantId, sql.placeholder("grantId")))
    .orderBy(asc(accounts.position))
    .prepare();

  /** In the order they were connected. */
  function unsealAll(grantId: string, dataKey: Uint8Array): { id: string; credentials: Credentials }[] {
    return ofGrant.all({ grantId }).map(({ id, sealed }) => {
      const plain = unseal(dataKey, sealed, toContext(grantId, id)).toString("utf8");
      return { id, credentials: storedCredentials.parse(JSON.parse(plain)) };
    });
  }

  return {
    /**
     * Adds a proven account to a grant; call it inside the transaction that makes or finds the grant. The same
     * address connected twice in one passage is one account, with what was proven last. Throws too_large when the
     * grant is full.
     */
    saveAccount(grantId: string, dataKey: Uint8Array, credentials: Credentials): void {
      const there = unsealAll(grantId, dataKey);
      const same = there.find((account) => isSameAddress(account.credentials, credentials));
      if (!same && there.length >= maxAccounts)
        throw new AppError("too_large", `One connection holds at most ${maxAccounts} mailboxes.`);
      const id = same?.id ?? newId("acc");
      const sealed = seal(dataKey, JSON.stringify(credentials), toContext(grantId, id));
      if (same) {
        db.update(accounts)
          .set({ credentials: sealed })
          .where(and(eq(accounts.id, id), eq(accounts.grantId, grantId)))
          .run();
        return;
      }
      db.insert(accounts)
        .values({
          id,
          grantId,
          position: there.length,
          credentials: sealed,
          createdAt: clock.now(),
        })
        .run();
    },

    /** What a grant holds so far, for the page that asks whether to add another. */
    listAccounts(grantId: string, dataKey: Uint8Array): ConnectedAccount[] {
      return unsealAll(grantId, dataKey).map(({ credentials }) => ({
        address: credentials.address,
        canSend: credentials.smtp !== undefined,
      }));
    },

    /**
     * Every account of the grant in the order it was connected, as live handles for the time of `work`.
     * Nothing connects until a verb is called; nothing of the credentials comes back up.
     */
    async withAccounts<T>(
      grant: LiveGrant,
      signal: AbortSignal,
      work: (accounts: readonly MailAccount[]) => Promise<T>,
    ): Promise<T> {
      const all = unsealAll(grant.id, grant.dataKey);
      const own = all.map(({ credentials }) => credentials.address);
      // Loaded at the first use: a server at rest need not hold all that reads mail.
      const { createMailAccount } = await import("../mail/create-mail-account.ts");
      const handles = all.map(({ id, credentials }) =>
        createMailAccount({
          owner: { grantId: grant.id, accountId: id, credentials },
          connections,
          signal,
          clock,
          submissions,
          documents,
          own,
          filesSentMail: filesSentMail(credentials),
        }),
      );
      return work(handles);
    },
  };
}

function toContext(grantId: string, accountId: string): string {
  return `v1 credentials ${grantId} ${accountId}`;
}

/** What the provider's entry says; a typed server is known by its host. */
function filesSentMail({ provider, imap }: Credentials): boolean {
  return (findPreset(provider) ?? findPresetByImapHost(imap.host))?.filesSentMail ?? false;
}

function isSameAddress(a: Credentials, b: Credentials): boolean {
  return a.address.toLowerCase() === b.address.toLowerCase();
}
