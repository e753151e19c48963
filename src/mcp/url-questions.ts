/**
 * Asks a person at once about what waits for them, where the client can show a URL (elicitation in URL mode). The client
 * opens the page of the approval and repeats the call, whose answer tells the approval's state: what the person pressed in
 * the client decides nothing.
 */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { createLru } from "../lru.ts";
import { hashSecret } from "../secrets.ts";

const waitingResult = z.object({
  approval: z.object({ id: z.string(), url: z.string(), state: z.literal("waiting") }),
});

type UrlQuestion = { id: string; url: string; message: string };

/** The question about the approval that a result waits for; undefined when it waits for none. */
export function toUrlQuestion({ structuredContent }: CallToolResult): UrlQuestion | undefined {
  const waiting = waitingResult.safeParse(structuredContent);
  if (!waiting.success) return undefined;
  const { id, url } = waiting.data.approval;
  return { id, url, message: "See exactly what will happen, and decide on this page of the mail connector." };
}

type AskedCall = { grantId: string; name: string; arguments: unknown };

/**
 * Questions of the revisions with sessions, each asked once: the repeated call gets the answer, whatever it is. In memory;
 * a restart forgets them.
 */
export function createUrlQuestions() {
  const asked = createLru<string, true>(10_000);
  /** Ids of approvals by a hash of the call that waits for the answer. */
  const open = createLru<string, string>(10_000);
  const toKey = ({ grantId, name, arguments: given }: AskedCall) =>
    hashSecret(JSON.stringify([grantId, name, given]));

  return {
    /** Returns the question to ask about the result of a call; undefined when there is none, or it was asked. */
    toAsk(result: CallToolResult, call: AskedCall): UrlQuestion | undefined {
      const question = toUrlQuestion(result);
      if (!question || asked.has(question.id)) return undefined;
      asked.set(question.id, true);
      open.set(toKey(call), question.id);
      return question;
    },

    /** Returns the id of the approval that was asked about, to the first repetition of its call. */
    takeRepeated(call: AskedCall): string | undefined {
      const key = toKey(call);
      const id = open.get(key);
      open.delete(key);
      return id;
    },
  };
}
