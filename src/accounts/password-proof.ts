/** Proof that a person owns a connected account: one login with a password of the account, to its sealed servers. */
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Limits } from "../http/rate-limit.ts";
import { findPreset } from "../providers/presets.ts";
import type { ProveImap } from "./account-connector.ts";
import { normalizePassword, trimPassword } from "./server-resolution.ts";
import type { Vault } from "./vault.ts";

const loginMs = 25_000;

export type PasswordProof = ReturnType<typeof createPasswordProof>;

export function createPasswordProof(deps: {
  vault: Pick<Vault, "proveAccount">;
  limits: Pick<Limits, "withLogin">;
  proveImap: ProveImap;
}) {
  const { vault, limits, proveImap } = deps;

  /**
   * Logs in to the account's own servers under its own user name, once. Any app password of the account counts; it is
   * stored nowhere. Throws login_refused for a wrong one, rate_limited, and the failures of the mail server.
   */
  return async function provePassword(
    grant: LiveGrant,
    accountId: string,
    password: string,
    { peer, signal }: { peer: string; signal: AbortSignal },
  ): Promise<void> {
    if (trimPassword(password) === "") throw new AppError("login_refused", "The password is missing.");
    await vault.proveAccount(grant, accountId, async (credentials) => {
      if (!("password" in credentials))
        throw new AppError("not_supported", "This account was connected by a sign-in, without a password.");
      const { address, username, imap, provider } = credentials;
      const typed = trimPassword(normalizePassword(password, findPreset(provider)?.appPassword.kind));
      const accounts = [address, `${username} at ${imap.host}`];
      await limits.withLogin({ peer, accounts, signal }, (login) =>
        login.at(imap, (placed) =>
          proveImap(
            { ...credentials, password: typed },
            AbortSignal.any([placed, AbortSignal.timeout(loginMs)]),
            { writes: false, openedOnly: false },
          ),
        ),
      );
    });
  };
}
