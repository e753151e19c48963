/** Which account a call means. */

import { fromEmailId, toAccountTag } from "../email/email-id.ts";
import { AppError } from "../errors.ts";
import type { Mail } from "../mail/mail.ts";
import type { AccountChoice } from "./define-tool.ts";

/**
 * By the ids, which carry their account; else by `account`; else the only one there is.
 * Throws account_unknown, account_ambiguous, or invalid_input when the ids belong to different accounts.
 */
export function chooseMail(mails: readonly Mail[], { account, id, ids = [] }: AccountChoice): Mail {
  const named = account === undefined ? undefined : mailOfAddress(mails, account);
  const byIds = mailOfIds(mails, id === undefined ? ids : [id, ...ids]);
  const chosen = byIds ?? named ?? (mails.length === 1 ? mails[0] : undefined);
  if (chosen) return chosen;
  if (mails.length === 0)
    throw new AppError("account_unknown", "No account is connected any more.", {
      hint: "The person can connect it again.",
    });
  throw new AppError("account_ambiguous", `Several accounts are connected: ${addresses(mails)}.`);
}

function mailOfAddress(mails: readonly Mail[], account: string): Mail {
  const wanted = account.trim().toLowerCase();
  const found = mails.find((mail) => mail.address.toLowerCase() === wanted);
  if (found) return found;
  throw new AppError("account_unknown", `That account is not connected. Connected: ${addresses(mails)}.`);
}

function mailOfIds(mails: readonly Mail[], ids: readonly string[]): Mail | undefined {
  const found = new Set(
    ids.map((id) => {
      const tag = fromEmailId(id).accountTag;
      const mail = mails.find((candidate) => toAccountTag(candidate.accountId) === tag);
      if (mail) return mail;
      throw new AppError(
        "account_unknown",
        "This email id belongs to an account that is not connected here.",
        {
          hint: "Search again and use the ids of that answer.",
        },
      );
    }),
  );
  if (found.size > 1)
    throw new AppError("invalid_input", "The ids belong to different accounts.", {
      hint: "Call once for each account.",
    });
  return [...found][0];
}

function addresses(mails: readonly Mail[]): string {
  return mails.map((mail) => mail.address).join(", ");
}
