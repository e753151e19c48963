/**
 * Credentials at rest, and the only code that unseals them.
 *
 * The credentials of an account are one AES-256-GCM ciphertext under the grant's data key. The additional data binds
 * version, grant and account, so that a row copied to another grant or account does not open.
 */
import { and, asc, eq, sql } from "drizzle-orm";
import type { ChildPool } from "../child-process/pool.ts";
import type { Clock } from "../clock.ts";
import type { AccountServers, Credentials, PrivateMailbox } from "../credentials.ts";
import type { Database, Queries } from "../db/database.ts";
import { accounts } from "../db/schema.ts";
import type { DocumentReader } from "../documents/sandbox.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Connections } from "../imap/connections.ts";
import type { MailAccount } from "../mail/mail-account.ts";
import { createSenderProfiles } from "../mail/sending/kept-profiles.ts";
import type { UnfinishedWrites } from "../mail/unfinished.ts";
import { findPreset, findPresetByImapHost } from "../providers/presets.ts";
import { newId, seal, unseal } from "../secrets.ts";
import type { Submissions } from "../smtp/submissions.ts";
import type { AccessTokenStore } from "./access-tokens.ts";
import { type StoredCredentials, storedCredentials } from "./stored-credentials.ts";

/** A connected account, as pages show it. */
type ConnectedAccount = {
  id: string;
  address: string;
  canSend: boolean;
  privateMailboxes: readonly PrivateMailbox[];
  /** Emails are signed with the signature that the person uses. */
  signature: boolean;
  /** The id of the issuer at which the person signed in; undefined for an account with a password. */
  issuer?: string | undefined;
};

/** Maximum number of accounts per grant; a search may run on all of them at once. */
const maxAccounts = 10;

export type Vault = ReturnType<typeof createVault>;

export function createVault(deps: {
  db: Database;
  connections: Connections;
  submissions: Submissions;
  accessTokens: AccessTokenStore;
  /** The processes that render emails. */
  children: ChildPool;
  documents: DocumentReader;
  /** The writes of an account whose end is not known; absent: none are kept. */
  unfinishedOf?: (grant: LiveGrant, accountId: string) => UnfinishedWrites;
  clock: Clock;
}) {
  const { db, connections, submissions, accessTokens, children, documents, clock } = deps;

  const profiles = createSenderProfiles({ clock });

  /** Imported at the first use, because an idle server does not need them in memory; once, because an import costs time. */
  let mailModules: ReturnType<typeof loadMailModules> | undefined;
  async function loadMailModules() {
    const [{ createMailAccount }, { createChildRenderer }, { createChildComposer }] = await Promise.all([
      import("../mail/create-mail-account.ts"),
      import("../readable/child-renderer.ts"),
      import("../compose/child-composer.ts"),
    ]);
    return {
      createMailAccount,
      renderer: createChildRenderer(children, documents),
      composer: createChildComposer(children),
    };
  }

  const prepareOfGrant = (queries: Queries) =>
    queries
      .select({ id: accounts.id, position: accounts.position, sealed: accounts.credentials })
      .from(accounts)
      .where(eq(accounts.grantId, sql.placeholder("grantId")))
      .orderBy(asc(accounts.position))
      .prepare();
  /** Prepared once, because every tool call runs it. */
  const selectOfGrant = prepareOfGrant(db);

  /** Returns the accounts of a grant in the order in which they were connected, and the ids of damaged rows. */
  async function unsealAll(
    grantId: string,
    dataKey: Uint8Array,
    tx?: Queries,
  ): Promise<{
    intact: { id: string; position: number; credentials: StoredCredentials }[];
    damaged: string[];
  }> {
    const sealedRows = await (tx ? prepareOfGrant(tx) : selectOfGrant).all({ grantId });
    const rows = sealedRows.map(({ id, position, sealed }) => {
      try {
        return { id, position, credentials: unsealCredentials(grantId, id, { dataKey, sealed }) };
      } catch {
        return { id, position, credentials: undefined };
      }
    });
    return {
      intact: rows.flatMap(({ id, position, credentials }) =>
        credentials ? [{ id, position, credentials }] : [],
      ),
      damaged: rows.flatMap(({ id, credentials }) => (credentials ? [] : [id])),
    };
  }

  async function update(
    tx: Queries,
    { grantId, dataKey, id }: { grantId: string; dataKey: Uint8Array; id: string },
    credentials: StoredCredentials,
  ): Promise<boolean> {
    const sealed = seal(dataKey, JSON.stringify(credentials), toSealContext(grantId, id));
    const updated = await tx
      .update(accounts)
      .set({ credentials: sealed })
      .where(and(eq(accounts.id, id), eq(accounts.grantId, grantId)))
      .returning({ id: accounts.id })
      .all();
    return updated.length === 1;
  }

  async function readAccount(
    tx: Queries,
    { grantId, dataKey, id }: { grantId: string; dataKey: Uint8Array; id: string },
  ): Promise<StoredCredentials | undefined> {
    const row = await tx
      .select({ sealed: accounts.credentials })
      .from(accounts)
      .where(and(eq(accounts.id, id), eq(accounts.grantId, grantId)))
      .get();
    return row && unsealCredentials(grantId, id, { dataKey, sealed: row.sealed });
  }

  /**
   * Changes the stored credentials of an account, beside no other change of them: a renewal writes a refresh token at any
   * time. Returns false when the account is gone, or when `change` gives nothing.
   */
  function changeAccount(
    account: { grantId: string; dataKey: Uint8Array; id: string },
    change: (stored: StoredCredentials) => StoredCredentials | undefined,
  ): Promise<boolean> {
    return db.transaction(async (tx) => {
      await db.lock(tx, account.grantId);
      const stored = await readAccount(tx, account);
      const changed = stored && change(stored);
      return changed ? update(tx, account, changed) : false;
    });
  }

  /** Returns what a login needs: of a sign-in only a function that gives access tokens. */
  function toCredentials(
    { id: grantId, dataKey }: Pick<LiveGrant, "id" | "dataKey">,
    accountId: string,
    stored: StoredCredentials,
  ): Credentials {
    if ("password" in stored) return stored;
    const { issuer: _issuer, tenant: _tenant, refreshToken: _refreshToken, ...servers } = stored;
    // Read anew for each renewal: another call may have written a newer refresh token.
    const account = { grantId, dataKey, id: accountId };
    const tokens = accessTokens.forAccount({
      grantId,
      accountId,
      async read() {
        const current = await readAccount(db, account);
        return current && "refreshToken" in current ? current : undefined;
      },
      write: (refreshToken) =>
        changeAccount(account, (current) =>
          "refreshToken" in current ? { ...current, refreshToken } : undefined,
        ),
    });
    return { ...servers, tokens };
  }

  return {
    /**
     * Adds a proven account to a grant, or replaces the credentials of the account with the same address. `tx`: the
     * transaction that creates or finds the grant. Returns true when it was added. Throws AppError too_large when the
     * grant is full.
     */
    async saveAccount(
      tx: Queries,
      grantId: string,
      dataKey: Uint8Array,
      credentials: StoredCredentials,
    ): Promise<boolean> {
      const { intact: existing, damaged } = await unsealAll(grantId, dataKey, tx);
      // Nothing opens a damaged row again, so it must not use up one of the places.
      for (const id of damaged)
        await tx
          .delete(accounts)
          .where(and(eq(accounts.id, id), eq(accounts.grantId, grantId)))
          .run();
      const same = existing.find((account) => isSameAddress(account.credentials, credentials));
      if (!same && existing.length >= maxAccounts)
        throw new AppError("too_large", `One connection holds at most ${maxAccounts} mailboxes.`);
      const id = same?.id ?? newId("acc");
      if (same) {
        // The person's own choices outlive another login.
        const { privateMailboxes, signature } = same.credentials;
        await update(tx, { grantId, dataKey, id }, { ...credentials, privateMailboxes, signature });
        return false;
      }
      const sealed = seal(dataKey, JSON.stringify(credentials), toSealContext(grantId, id));
      const position = (existing.at(-1)?.position ?? -1) + 1;
      await tx
        .insert(accounts)
        .values({ id, grantId, position, credentials: sealed, createdAt: clock.now() })
        .run();
      return true;
    },

    /** Sets the mailboxes of an account that do not exist for Claude. */
    setPrivateMailboxes(
      { id: grantId, dataKey }: Pick<LiveGrant, "id" | "dataKey">,
      accountId: string,
      privateMailboxes: PrivateMailbox[],
    ): Promise<boolean> {
      return changeAccount({ grantId, dataKey, id: accountId }, (stored) => ({
        ...stored,
        privateMailboxes,
      }));
    },

    /** Switches the person's signature on or off for an account. */
    setSignature(
      { id: grantId, dataKey }: Pick<LiveGrant, "id" | "dataKey">,
      accountId: string,
      signature: boolean,
    ): Promise<boolean> {
      return changeAccount({ grantId, dataKey, id: accountId }, (stored) => ({ ...stored, signature }));
    },

    /** Deletes the account with this address from a grant. Does nothing when there is none. */
    async removeAccount(grantId: string, dataKey: Uint8Array, address: string): Promise<void> {
      const { intact } = await unsealAll(grantId, dataKey);
      const account = intact.find(({ credentials }) => isSameAddress(credentials, { address }));
      if (!account) return;
      if ("refreshToken" in account.credentials) accessTokens.revoke(account.credentials);
      await db
        .delete(accounts)
        .where(and(eq(accounts.id, account.id), eq(accounts.grantId, grantId)))
        .run();
      await db.purge();
    },

    /**
     * Runs `prove` with the credentials of one account: for a login that proves its owner. Throws account_unknown, and
     * what `prove` throws.
     */
    async proveAccount(
      grant: LiveGrant,
      accountId: string,
      prove: (credentials: Credentials) => Promise<void>,
    ): Promise<void> {
      const { intact } = await unsealAll(grant.id, grant.dataKey);
      const account = intact.find(({ id }) => id === accountId);
      if (!account) throw new AppError("account_unknown", "The account is not connected any more.");
      await prove(toCredentials(grant, accountId, account.credentials));
    },

    /** Lists the accounts of a grant, without their credentials. */
    async listAccounts(grantId: string, dataKey: Uint8Array, tx?: Queries): Promise<ConnectedAccount[]> {
      const { intact } = await unsealAll(grantId, dataKey, tx);
      return intact.map(({ id, credentials }) => ({
        id,
        address: credentials.address,
        canSend: credentials.smtp !== undefined,
        privateMailboxes: credentials.privateMailboxes ?? [],
        signature: credentials.signature ?? true,
        issuer: "issuer" in credentials ? credentials.issuer : undefined,
      }));
    },

    /** Asks the issuers of a grant that ends to end its sign-ins. Does not wait for them. */
    async revokeSignIns(grantId: string, dataKey: Uint8Array): Promise<void> {
      const { intact } = await unsealAll(grantId, dataKey);
      for (const { credentials } of intact)
        if ("refreshToken" in credentials) accessTokens.revoke(credentials);
    },

    /**
     * Runs `work` with a handle for each account of the grant, in the order in which they were connected. A handle
     * connects at its first operation, and never exposes the credentials. `damaged`: the number of accounts whose rows
     * cannot be read. `showPrivate`: private mailboxes are there, for the person's own page. Throws login_refused when
     * no other is left.
     */
    async withAccounts<T>(
      grant: LiveGrant,
      signal: AbortSignal,
      work: (accounts: readonly MailAccount[], damaged: number) => Promise<T>,
      { showPrivate = false } = {},
    ): Promise<T> {
      const { intact: all, damaged } = await unsealAll(grant.id, grant.dataKey);
      if (all.length === 0 && damaged.length > 0)
        throw new AppError("login_refused", "What was stored of this mailbox is damaged.", {
          hint: "Connect the mailbox again.",
        });
      const own = all.map(({ credentials }) => credentials.address);
      mailModules ??= loadMailModules();
      const { createMailAccount, renderer, composer } = await mailModules;
      const handles = all.map(({ id, credentials }) =>
        createMailAccount({
          owner: {
            grantId: grant.id,
            accountId: id,
            credentials: {
              ...toCredentials(grant, id, credentials),
              privateMailboxes: showPrivate ? undefined : credentials.privateMailboxes,
            },
          },
          connections,
          signal,
          clock,
          submissions,
          renderer,
          composer,
          own,
          filesSentMail: filesSentMail(credentials),
          profile: profiles.forAccount(grant.dataKey, id),
          unfinished: deps.unfinishedOf?.(grant, id),
        }),
      );
      return work(handles, damaged.length);
    },
  };
}

/** Throws for a damaged value. */
function unsealCredentials(
  grantId: string,
  accountId: string,
  { dataKey, sealed }: { dataKey: Uint8Array; sealed: Uint8Array },
): StoredCredentials {
  const plain = unseal(dataKey, sealed, toSealContext(grantId, accountId)).toString("utf8");
  return storedCredentials.parse(JSON.parse(plain));
}

function toSealContext(grantId: string, accountId: string): string {
  return `v1 credentials ${grantId} ${accountId}`;
}

/** Tells whether the provider files sent mail by itself; the provider of an entered server is known by its host. */
function filesSentMail({ provider, imap }: AccountServers): boolean {
  return (findPreset(provider) ?? findPresetByImapHost(imap.host))?.filesSentMail ?? false;
}

function isSameAddress(a: Pick<AccountServers, "address">, b: Pick<AccountServers, "address">): boolean {
  return a.address.toLowerCase() === b.address.toLowerCase();
}
