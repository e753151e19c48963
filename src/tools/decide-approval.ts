import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { approval, describeApproval, toApproval } from "./held-action.ts";

export const decideApprovalTool = defineTool({
  name: "decide_approval",
  title: "Decide on an approval",
  description: "For the card of an approval alone: carries out what the person has pressed on it.",
  effect: "send",
  appOnly: true,
  idempotent: true,
  input: z.object({
    id: z.string().max(100).describe("Id of the approval"),
    secret: z.string().max(200).describe("The secret of the card"),
    decision: z.enum(["send", "edit", "decline"]).describe("The button: edit keeps a draft"),
    emails: z
      .array(z.int().min(0))
      .max(5_000)
      .optional()
      .describe("Positions of the emails to erase; all by default"),
  }),
  output: z.object({
    approval,
    problem: z.string().optional(),
    limited_until: z.string().optional(),
  }),
  async run({ emails, ...request }, context) {
    const {
      approval: held,
      problem,
      limitedUntil,
    } = await context.card.decide({ ...request, chosen: emails });
    const limited_until = limitedUntil === undefined ? undefined : new Date(limitedUntil).toISOString();
    return { approval: toApproval(held), problem, limited_until };
  },
  render: ({ approval: held, problem, limited_until }) =>
    [
      describeApproval(held),
      ...(problem === undefined ? [] : [problem]),
      ...(limited_until === undefined
        ? []
        : [`Too many emails were sent already: the next may go at ${limited_until}.`]),
    ].join("\n"),
  audit: ({ approval: held }) => ({ count: held.state === "done" ? 1 : 0 }),
});
