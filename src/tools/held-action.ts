/** The answer of a tool whose action waits for the person: the same shape and words for every tool. */
import { z } from "zod";
import type { Level } from "../grant.ts";
import type { HeldAction } from "./context.ts";

export const approval = z.object({
  id: z.string(),
  kind: z.enum(["send", "erase", "answer", "unsubscribe"]),
  state: z.string(),
  url: z.string(),
  expires_at: z.string(),
});

export function toApproval({ id, kind, state, url, expiresAt }: HeldAction): z.output<typeof approval> {
  return { id, kind, state, url, expires_at: new Date(expiresAt).toISOString() };
}

const waitingFor = {
  send: "The email is not sent",
  erase: "Nothing is erased",
  answer: "The answer is not sent",
  unsubscribe: "Nothing is unsubscribed",
} as const;

/** Says what the state of an approval is, and where the person decides while it waits. */
export function describeApproval({ kind, state, url, expires_at }: z.output<typeof approval>): string {
  switch (state) {
    case "waiting":
      return `${waitingFor[kind]} yet: it waits for the person, who sees exactly what will happen and decides at ${url} until ${expires_at}. Give them this link. Calling again with the same arguments tells the state and does nothing more.`;
    case "deciding":
      return "The person has decided; it is being done now. Call again with the same arguments for the outcome.";
    case "done":
      return "The person approved it, and it was done.";
    case "failed":
      return `The person approved it, but it could not be done. They can try again at ${url} until ${expires_at}.`;
    case "kept_as_draft":
      return "The person kept it as a draft. It was not sent.";
    case "declined":
      return "The person declined it. Nothing was done.";
    case "expired":
      return "It has expired, and nothing was done.";
    default:
      return "The person approved it, and it may have been done: the connection ended before the mail server said so. It is not done again.";
  }
}

/** True at the levels whose tools send, at once or once the person approves. */
export const maySend = (level: Level): boolean => level === "approve" || level === "send";
