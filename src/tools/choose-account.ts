/** Selects the mail account that a tool call refers to. */
import { AmbiguousAccountError, AppError } from "../errors.ts";
import type { MailAccount, Selection } from "../mail/mail-account.ts";
import type { AccountChoice } from "./context.ts";

/**
 * Selects by the selection or the email ids, which carry their account; otherwise by `account`, an address; otherwise the only account
 * of the grant. Throws account_unknown, account_ambiguous, and invalid_input when the ids belong to different accounts.
 */
export function chooseAccount(
  accounts: readonly MailAccount[],
  { account: address, id, ids = [], selection }: AccountChoice,
): MailAccount {
  if (selection) return findBySelection(accounts, selection);
  const named = address === undefined ? undefined : findByAddress(accounts, address);
  const owner = findByEmailIds(accounts, id === undefined ? ids : [id, ...ids]);
  const chosen = owner ?? named ?? (accounts.length === 1 ? accounts[0] : undefined);
  if (chosen) return chosen;
  if (accounts.length === 0)
    throw new AppError("account_unknown", "No account is connected any more.", {
      hint: "The person can connect it again.",
    });
  throw new AmbiguousAccountError(accounts.map(({ address }) => address));
}

function findByAddress(accounts: readonly MailAccount[], address: string): MailAccount {
  const wanted = address.trim().toLowerCase();
  const found = accounts.find((account) => account.address.toLowerCase() === wanted);
  if (found) return found;
  throw new AppError(
    "account_unknown",
    `That account is not connected. Connected: ${listAddresses(accounts)}.`,
  );
}

function findBySelection(accounts: readonly MailAccount[], selection: Selection): MailAccount {
  const owner = accounts.find((account) => account.ownsSelection(selection));
  if (owner) return owner;
  throw new AppError("account_unknown", "This selection belongs to an account that is not connected here.", {
    hint: "Search again.",
  });
}

/** The one account that all ids belong to; undefined without ids. */
function findByEmailIds(accounts: readonly MailAccount[], ids: readonly string[]): MailAccount | undefined {
  const owners = new Set(
    ids.map((id) => {
      const owner = accounts.find((account) => account.ownsEmailId(id));
      if (owner) return owner;
      throw new AppError(
        "account_unknown",
        "This email id belongs to an account that is not connected here.",
        { hint: "Search again and use the ids of that answer." },
      );
    }),
  );
  if (owners.size > 1)
    throw new AppError("invalid_input", "The ids belong to different accounts.", {
      hint: "Call once for each account.",
    });
  return [...owners][0];
}

function listAddresses(accounts: readonly MailAccount[]): string {
  return accounts.map(({ address }) => address).join(", ");
}
