/** The approvals as the tools of one grant see them: whether an action must wait, and how it is held. */
import type { Queries } from "../db/database.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { ComposedEmail, MailAccount } from "../mail/mail-account.ts";
import { toKeyedHash } from "../secrets.ts";
import { freezeEmail } from "./action.ts";
import type { ApprovalIdentity, ApprovalKind } from "./approval-store.ts";
import type { Approval, Approvals } from "./approvals.ts";
import type { KnownRecipients } from "./known-recipients.ts";

type HeldEmail = {
  kind: Exclude<ApprovalKind, "erase">;
  account: MailAccount;
  composed: ComposedEmail;
  draftId?: string | undefined;
  uploads: readonly string[];
  notes?: readonly string[];
};

export function createHeldActions(deps: { approvals: Approvals; recipients: KnownRecipients }) {
  const { approvals, recipients } = deps;

  return {
    /** `repeated`: the id of the approval about which the person was asked and which the call repeats. */
    forGrant(grant: LiveGrant, repeated?: string) {
      const own = approvals.forGrant(grant, repeated);
      return {
        find: own.find,

        async holdsEmail(account: MailAccount, addresses: readonly string[]): Promise<boolean> {
          if (grant.level === "approve") return true;
          if (!grant.asksForNewPeople) return false;
          return (await recipients.listNew(grant, account, addresses)).length > 0;
        },

        holdEmail(
          held: HeldEmail,
          identity: ApprovalIdentity & { contentHash: string },
          tx: Queries,
        ): Promise<() => Promise<Approval>> {
          const { kind, account, composed, draftId, uploads, notes = [] } = held;
          const { accountId } = account;
          const { action, bytes } = freezeEmail(composed, {
            draftId,
            uploads: [...uploads],
            notes: [...composed.notes, ...notes],
          });
          return own.hold(tx, { kind, accountId, action, bytes }, identity, async () => {
            const [formattedText, newPeople] = await Promise.all([
              account.findDifferingHtml(composed),
              recipients.listNew(grant, account, composed.recipients),
            ]);
            return { ...action, formattedText, newPeople };
          });
        },

        async holdOneClick(request: {
          account: MailAccount;
          id: string;
          url: string;
          domain: string;
        }): Promise<Approval | undefined> {
          const { account, id, url, domain } = request;
          const { accountId } = account;
          const hash = toKeyedHash(grant.dataKey, "one-click", JSON.stringify([accountId, id, url]));
          const identity = { requestHash: hash, contentHash: hash };
          const earlier = await own.find(identity);
          if (earlier || (await own.hasFailed(identity))) return earlier;
          const [[email], newDomains] = await Promise.all([
            account.describeEmails([id]),
            recipients.listNew(grant, account, [`@${domain}`]),
          ]);
          if (!email) throw new AppError("email_not_found", "This email is not in its mailbox any more.");
          const action = { type: "one-click" as const, url, email, isNewDomain: newDomains.length > 0 };
          return own.holdOnce({ kind: "unsubscribe", accountId, action, bytes: undefined }, identity);
        },

        async holdDeletion(deletion: {
          account: MailAccount;
          ids: readonly string[];
          permanently: boolean;
        }): Promise<Approval> {
          const { account, ids, permanently } = deletion;
          const { accountId } = account;
          const content = JSON.stringify([accountId, permanently, [...new Set(ids)].sort()]);
          const hash = toKeyedHash(grant.dataKey, "erase", content);
          const identity = { requestHash: hash, contentHash: hash };
          const earlier = await own.find(identity);
          if (earlier) return earlier;
          const emails = await account.describeEmails(ids);
          if (emails.length === 0)
            throw new AppError("email_not_found", "None of these emails is in its mailbox any more.");
          const action = { type: "erase" as const, emails, permanently };
          return own.holdOnce({ kind: "erase", accountId, action, bytes: undefined }, identity);
        },
      };
    },
  };
}
