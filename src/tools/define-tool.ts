/** The shape of a tool: a card, which describes it to the model, and one function. */
import type { z } from "zod";
import type { ToolContext } from "./context.ts";
import { createAnswerFence, type Fence } from "./fence.ts";

/** Decides the MCP annotations of a tool, its scope, and the grant levels that may use it. */
export type Effect = "read" | "write" | "send" | "destroy";

/** The URI of the HTML resource that shows an approval. Short, because tools/list repeats it. */
export const cardUri = "ui://approval";

/** Text or an image for the model. */
export type ToolContent = { type: "text"; text: string } | { type: "image"; data: string; mimeType: string };

type ToolCard<Input extends z.ZodObject, Output extends z.ZodObject> = {
  name: string;
  title: string;
  /** For the model: one paragraph that ends with a full stop. */
  description: string;
  effect: Effect;
  /** Its answer may be an approval, which clients with MCP Apps show as a card. */
  showsCard?: boolean;
  /** For cards alone: neither listed for models nor for clients without cards. */
  appOnly?: boolean;
  /** A repeated call changes nothing more. Reading tools are always idempotent. */
  idempotent?: boolean;
  input: Input;
  output: Output;
  run(input: z.output<Input>, context: ToolContext): Promise<z.output<Output>>;
  /** Renders what `run` returned. Text from mail goes through `fence`. */
  render(data: z.output<Output>, fence: Fence): string | ToolContent[];
  /** Selects the structured content when `render` needs more than the client does. */
  publish?(data: z.output<Output>): Partial<z.output<Output>>;
  /** The log fields of a writing call: counts and a Message-ID, never an address or a subject. */
  audit?(data: z.output<Output>): Audit;
};

type Audit = { count?: number; failed?: number; messageId?: string };

/** A tool without its type parameters. */
export type Tool = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  readonly idempotent: boolean;
  readonly showsCard: boolean;
  readonly appOnly: boolean;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** Runs the tool; returns structured content that fits `output`, its rendering, and the log fields. */
  call(
    input: unknown,
    context: ToolContext,
    fence: Fence,
  ): Promise<{ structured: Record<string, unknown>; content: ToolContent[]; audit: Audit }>;
};

/** Makes a Tool of a typed card. It parses its input itself, so that a tool never runs on unchecked input. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  card: ToolCard<Input, Output>,
): Tool {
  const fenceAnswer = createAnswerFence(card.output);
  return {
    name: card.name,
    title: card.title,
    description: card.description,
    effect: card.effect,
    idempotent: card.idempotent ?? card.effect === "read",
    showsCard: card.showsCard ?? false,
    appOnly: card.appOnly ?? false,
    input: card.input,
    output: card.output,
    async call(input, context, fence) {
      // Parsed on the way out as well: a field the output schema does not name is dropped.
      const answer = card.output.parse(await card.run(card.input.parse(input), context));
      const { data, structured, notice } = fenceAnswer(answer, fence);
      const rendered = card.render(data, fence);
      const content: ToolContent[] =
        typeof rendered === "string" ? [{ type: "text", text: rendered }] : rendered;
      const published = card.publish?.(structured) ?? structured;
      return {
        structured: published,
        content: prependNotice(notice, content),
        audit: card.audit?.(data) ?? {},
      };
    },
  };
}

/** Puts the notice that the following text is data before everything else. */
function prependNotice(notice: string | undefined, content: ToolContent[]): ToolContent[] {
  const [first, ...rest] = content;
  if (!notice) return content;
  if (first?.type !== "text") return [{ type: "text", text: notice }, ...content];
  return [{ type: "text", text: `${notice}\n\n${first.text}` }, ...rest];
}
