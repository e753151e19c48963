import { z } from "zod";
import { AppError } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import { mailAnswer, mailLine } from "./fence.ts";
import { approval, describeApproval } from "./held-action.ts";
import { emailId } from "./parameters.ts";
import { describeSent, sentAnswer, submitOnce, toHeldAnswer } from "./submit.ts";

const unproven =
  "The organizer did not send this invitation, and no signature of their domain was noted on it.";

export const answerInvitationTool = defineTool({
  name: "answer_invitation",
  title: "Answer an invitation",
  description:
    "Accepts or declines the invitation in an email: sends the calendar's answer to its organizer.",
  effect: "send",
  showsCard: true,
  idempotent: true,
  input: z.object({
    id: emailId,
    answer: z.enum(["accept", "tentative", "decline"]).describe("The person's answer"),
    comment: z.string().max(1_000).optional().describe("For the organizer"),
  }),
  output: mailAnswer({
    ...sentAnswer.partial().shape,
    approval: approval.optional(),
    sent_before_at: z.string().optional(),
    answer: z.string(),
    event: mailLine().optional(),
    organizer: mailLine().optional(),
  }),
  async run({ id, answer, comment }, context) {
    const account = context.accountFor({ id });
    let facts: { event: string; organizer: string } | undefined;
    const request = JSON.stringify(["answer_invitation", id, answer, comment ?? ""]);
    const result = await submitOnce(context, { account, kind: "answer", request }, async () => {
      const { composed, summary, organizer, isProven } = await account.prepareAnswer({ id, answer, comment });
      facts = { event: summary, organizer };
      if (!isProven && context.grant.level !== "approve")
        throw new AppError("invalid_input", unproven, {
          hint: "Nothing was sent: such an invitation may be forged. The person can answer it in their calendar.",
        });
      return { composed, notes: isProven ? [] : [unproven] };
    });
    if ("held" in result) return { ...toHeldAnswer(result.held), answer, ...facts };
    const { sent, sentBeforeAt } = result;
    const sent_before_at = sentBeforeAt === undefined ? undefined : new Date(sentBeforeAt).toISOString();
    return { ...sent, sent_before_at, answer, ...facts };
  },
  render: (data, fence) =>
    [
      ...(data.approval ? [describeApproval(data.approval)] : []),
      ...(data.accepted ? describeSent({ ...data, accepted: data.accepted }) : []),
      ...(data.event === undefined
        ? []
        : [fence(`Answer: ${data.answer}\nEvent: ${data.event}\nOrganizer: ${data.organizer}`)]),
      ...(data.warnings ?? []),
    ].join("\n"),
  audit: ({ accepted, refused, message_id }) => ({
    count: accepted?.length ?? 0,
    failed: refused?.length ?? 0,
    messageId: message_id,
  }),
});
