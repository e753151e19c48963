/** The shape of a tool: a card for the model, and one function. */
import type { z } from "zod";
import type { Level } from "../grant.ts";
import type { Journal } from "../ledger/journal.ts";
import type { Sends } from "../ledger/sends.ts";
import type { GrantDownloads } from "../links/downloads.ts";
import type { GrantUploads } from "../links/uploads.ts";
import type { MailAccount } from "../mail/mail-account.ts";
import type { Provider } from "../providers/provider.ts";
import { type Fence, fenceAnswer } from "./fence.ts";

/** Decides the MCP annotations, the scope, what a grant's level lists, and the grouping in the docs. */
export type Effect = "read" | "write" | "send" | "destroy";

/** What picks an account: named, or carried by the ids. */
export type AccountChoice = {
  account?: string | undefined;
  id?: string | undefined;
  ids?: readonly string[] | undefined;
};

/** What tools may use that is not the call's own; made once in assemble.ts. */
export type ToolServices = {
  /** The mail companies we know. */
  providers: readonly Provider[];
};

/** What is kept for the call's grant. */
export type GrantRooms = {
  /** What was sent: once, and not too much. */
  sends: Sends;
  /** What was changed, to be undone. */
  journal: Journal;
  /** What the person uploaded for emails to come. */
  uploads: GrantUploads;
  /** Links by which the person downloads attachments. */
  downloads: GrantDownloads;
};

export type ToolContext = ToolServices &
  GrantRooms & {
    /** All accounts of the grant, in the order they were connected. */
    accounts: readonly MailAccount[];
    /** Selects the account of a call. Throws account_unknown, account_ambiguous, invalid_input. */
    accountFor(choice: AccountChoice): MailAccount;
    grant: { id: string; level: Level };
    /** The call's deadline and the caller's going away. */
    signal: AbortSignal;
    /** Tells a caller who asked for it how far a long call is. */
    progress(done: number, total: number, what: string): void;
  };

/** Text, or an image, for the model. */
export type Content = { type: "text"; text: string } | { type: "image"; data: string; mimeType: string };

type ToolCard<Input extends z.ZodObject, Output extends z.ZodObject> = {
  name: string;
  title: string;
  /** For the model; one paragraph; ends with a full stop. */
  description: string;
  effect: Effect;
  /** Doing it twice is doing it once. Reading tools are idempotent anyway. */
  idempotent?: boolean;
  input: Input;
  output: Output;
  run(input: z.output<Input>, context: ToolContext): Promise<z.output<Output>>;
  /** The same facts as `run` returned, as text. Text from mail goes through `fence`. */
  render(data: z.output<Output>, fence: Fence): string | Content[];
  /** What of it goes out as structured content, when `render` needs more than that. */
  publish?(data: z.output<Output>): Partial<z.output<Output>>;
  /** What the log says of a call that wrote: counts and a Message-ID, never an address or a subject. */
  audit?(data: z.output<Output>): Audit;
};

export type Audit = { count?: number; failed?: number; messageId?: string };

export type { Fence } from "./fence.ts";

/** A tool with its generics folded away. */
export type Tool = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  readonly idempotent: boolean;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** Checked input -> data that fits `output`, its rendering, and what the log says of it. */
  call(
    input: unknown,
    context: ToolContext,
    fence: Fence,
  ): Promise<{ structured: Record<string, unknown>; content: Content[]; audit: Audit }>;
};

/** Folds a typed card into a Tool; input is parsed again here, so that a tool never runs on unchecked input. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  card: ToolCard<Input, Output>,
): Tool {
  return {
    name: card.name,
    title: card.title,
    description: card.description,
    effect: card.effect,
    idempotent: card.idempotent ?? card.effect === "read",
    input: card.input,
    output: card.output,
    async call(input, context, fence) {
      // Parsed on its way out too: what the output schema does not name never leaves.
      const answer = card.output.parse(await card.run(card.input.parse(input), context));
      const { data, structured, notice } = fenceAnswer(card.output, answer, fence);
      const rendered = card.render(data, fence);
      const content: Content[] = typeof rendered === "string" ? [{ type: "text", text: rendered }] : rendered;
      const published = card.publish?.(structured) ?? structured;
      return { structured: published, content: headed(notice, content), audit: card.audit?.(data) ?? {} };
    },
  };
}

/** Says before anything else that what follows is data. */
function headed(notice: string | undefined, content: Content[]): Content[] {
  const [first, ...rest] = content;
  if (!notice) return content;
  if (first?.type !== "text") return [{ type: "text", text: notice }, ...content];
  return [{ type: "text", text: `${notice}\n\n${first.text}` }, ...rest];
}
