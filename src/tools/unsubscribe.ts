import { z } from "zod";
import { AppError } from "../errors.ts";
import type { MailAccount } from "../mail/mail-account.ts";
import type { ToolContext } from "./context.ts";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import { approval, describeApproval, toApproval } from "./held-action.ts";
import { emailId } from "./parameters.ts";
import { describeSent, sentAnswer, submitOnce, toHeldAnswer } from "./submit.ts";

export const unsubscribeTool = defineTool({
  name: "unsubscribe",
  title: "Leave a mailing list",
  description:
    "Leaves the mailing list that sent an email, the way the list offers: a one-click request, an email, or a link that the person has to open.",
  effect: "send",
  showsCard: true,
  idempotent: true,
  input: z.object({ id: emailId }),
  output: mailAnswer({
    how: z.enum(["one-click", "mail", "link"]),
    ...sentAnswer.partial().shape,
    approval: approval.optional(),
    sent_before_at: z.string().optional(),
    /** The host that was asked, or the address that was written to. */
    target: mailLine().optional(),
    link: mailLine().optional(),
    notes: z.array(z.string()),
  }),
  async run({ id }, context) {
    const account = context.accountFor({ id });
    const { post, mailto, link } = await account.findLeavingWays(id);
    const notes: string[] = [];
    if (post) {
      const asked = await leaveByOneClick(context, account, { id, post });
      if (asked) return { ...asked, notes };
      notes.push("The list's server did not take the one-click request.");
    }
    if (mailto && account.canSend) return { ...(await leaveByMail(context, account, { id, mailto })), notes };
    if (link) return { how: "link" as const, link, notes };
    throw new AppError("not_supported", "This email names no way to leave a list.", {
      hint: "Nothing was done. Look for a link in its text (get_email with format links), and give it to the person.",
    });
  },
  render: (data, fence) =>
    [
      ...(data.approval ? [describeApproval(data.approval)] : []),
      ...(data.accepted ? describeSent({ ...data, accepted: data.accepted }) : []),
      ...(data.warnings ?? []),
      ...data.notes,
      ...(data.how === "one-click" && (data.approval?.state ?? "done") === "done"
        ? ["The list was asked by a one-click request, and took it."]
        : []),
      ...(data.how === "link" ? ["Only the person can leave this list, by opening this link:"] : []),
      ...(data.how === "link" ? [fence(data.link ?? "")] : data.target ? [fence(data.target)] : []),
    ].join("\n"),
  audit: ({ how, approval: held, accepted, message_id }) => ({
    count: how === "one-click" && !held ? 1 : (accepted?.length ?? 0),
    messageId: message_id,
  }),
});

/**
 * Sends the one-click request, or keeps it for the person as an email to somebody of that domain would wait. Undefined
 * when the list's server refuses it, or refused it when the person approved it.
 */
async function leaveByOneClick(
  context: ToolContext,
  account: MailAccount,
  { id, post: { url, domain } }: { id: string; post: { url: string; domain: string } },
) {
  const answer = { how: "one-click" as const, target: new URL(url).hostname };
  if (await context.approvals.holdsEmail(account, [`@${domain}`])) {
    const held = await context.approvals.holdOneClick({ account, id, url, domain });
    return held && { ...answer, approval: toApproval(held) };
  }
  return (await context.oneClick.post(url, context.signal)) ? answer : undefined;
}

/** Sends exactly the email that the list asks for. */
async function leaveByMail(
  context: ToolContext,
  account: MailAccount,
  { id, mailto }: { id: string; mailto: { address: string; subject: string; body: string } },
) {
  const request = JSON.stringify(["unsubscribe", id]);
  const result = await submitOnce(context, { account, kind: "unsubscribe", request }, async () => ({
    composed: await account.composeLeaving(mailto),
  }));
  const how = "mail" as const;
  if ("held" in result) return { how, ...toHeldAnswer(result.held), target: mailto.address };
  const { sent, sentBeforeAt } = result;
  const sent_before_at = sentBeforeAt === undefined ? undefined : new Date(sentBeforeAt).toISOString();
  return { how, ...sent, sent_before_at, target: mailto.address };
}
