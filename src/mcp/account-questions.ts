/** Asking a person which of their mail accounts a call is about, where the client shows forms (elicitation in form mode). */
import { acceptedContent, inputRequired } from "@modelcontextprotocol/server";
import { z } from "zod";

/** MCP 2026-07-28, Elicitation, Capabilities: an empty object means form mode. */
const formCapability = z.object({
  elicitation: z.union([z.object({ form: z.looseObject({}) }), z.strictObject({})]),
});

/** True for the capabilities of a client that shows forms. */
export const elicitsForms = (capabilities: unknown): boolean =>
  formCapability.safeParse(capabilities).success;

/** The question about which of these addresses is meant. */
export const toAccountQuestion = (addresses: readonly string[]) =>
  inputRequired.elicit({
    message: "Several mail accounts are connected. Which one is meant?",
    requestedSchema: {
      type: "object",
      properties: { account: { type: "string", title: "Mail account", enum: [...addresses] } },
      required: ["account"],
    },
  });

const accountAnswer = z.object({ account: z.string().max(320) });

/** The address that the person chose; undefined where they chose none. */
export const readAccountAnswer = (responses: Record<string, unknown> | undefined): string | undefined =>
  acceptedContent(responses, "account", accountAnswer)?.account;
