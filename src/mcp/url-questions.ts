/**
 * Asks a person at once about what waits for them, where the client can show a URL (elicitation in URL mode). The client
 * opens the page of the approval and repeats the call, whose answer tells the approval's state: what the person pressed in
 * the client decides nothing.
 */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { LRUCache } from "lru-cache";
import { z } from "zod";

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

/** Questions of the revisions with sessions, each asked once: the repeated call gets the answer, whatever it is. */
export function createUrlQuestions() {
  const asked = new LRUCache<string, true>({ max: 10_000 });
  return {
    toAsk(result: CallToolResult): UrlQuestion | undefined {
      const question = toUrlQuestion(result);
      if (!question || asked.has(question.id)) return undefined;
      asked.set(question.id, true);
      return question;
    },
  };
}
