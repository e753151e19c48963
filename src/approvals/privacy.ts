/** The choice of the mailboxes that do not exist for Claude. */
import type { Vault } from "../accounts/vault.ts";
import type { LiveGrant } from "../grant.ts";

/** The mailboxes of one account that may be private, and those that are. */
type AccountPrivacy = {
  accountId: string;
  address: string;
  mailboxes: readonly { path: string; isPrivate: boolean }[];
};

export type Privacy = ReturnType<typeof createPrivacy>;

type Grant = Pick<LiveGrant, "id" | "dataKey">;

export function createPrivacy(deps: {
  vault: Pick<Vault, "withAccounts" | "listAccounts" | "setPrivateMailboxes">;
  run<T>(grantId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}) {
  const { vault, run } = deps;

  /** The mailboxes of each account that may be private, as the mail server lists them. */
  function listChoosable({ id, dataKey }: Grant) {
    // The level does not matter: nothing is read but names.
    const grant: LiveGrant = { id, dataKey, clientId: "", level: "read", expiresAt: 0 };
    return run(id, (signal) =>
      vault.withAccounts(
        grant,
        signal,
        (accounts) =>
          Promise.all(
            accounts.map(async (account) => ({
              accountId: account.accountId,
              address: account.address,
              mailboxes: await account.listChoosable(),
            })),
          ),
        { showPrivate: true },
      ),
    );
  }

  const privatePathsOf = async ({ id, dataKey }: Grant, accountId: string): Promise<string[]> =>
    (await vault.listAccounts(id, dataKey))
      .filter((account) => account.id === accountId)
      .flatMap(({ privateMailboxes }) => privateMailboxes.map(({ path }) => path));

  return {
    privatePathsOf,

    /** Lists what may be private, with what is. Throws the failures of the mail server. */
    async list(grant: Grant): Promise<AccountPrivacy[]> {
      const accounts = await listChoosable(grant);
      const listed = accounts.map(async ({ accountId, address, mailboxes }) => {
        const chosen = await privatePathsOf(grant, accountId);
        // A private mailbox that was renamed or deleted stays listed, so that it can be shown again.
        const lost = chosen.filter((path) => !mailboxes.some((mailbox) => mailbox.path === path));
        return {
          accountId,
          address,
          mailboxes: [...mailboxes.map(({ path }) => path), ...lost].map((path) => ({
            path,
            isPrivate: chosen.includes(path),
          })),
        };
      });
      return Promise.all(listed);
    },

    /**
     * Makes these mailboxes private, of one account or of each that has one of the name. `only`: no others stay
     * private. Returns the paths that no account has. Throws the failures of the mail server.
     */
    async hide(
      grant: Grant,
      paths: readonly string[],
      { accountId: only }: { accountId?: string | undefined } = {},
    ): Promise<string[]> {
      const accounts = await listChoosable(grant);
      const unknown = new Set(paths);
      const stored = await vault.listAccounts(grant.id, grant.dataKey);
      for (const { accountId, mailboxes } of accounts) {
        if (only !== undefined && accountId !== only) continue;
        const before = stored.find(({ id }) => id === accountId)?.privateMailboxes ?? [];
        const lost = before.filter(
          ({ path }) => paths.includes(path) && !mailboxes.some((mailbox) => mailbox.path === path),
        );
        const chosen = [...mailboxes.filter(({ path }) => paths.includes(path)), ...lost];
        for (const { path } of chosen) unknown.delete(path);
        await vault.setPrivateMailboxes(grant, accountId, chosen);
      }
      return [...unknown];
    },
  };
}
