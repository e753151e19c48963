/**
 * The card on which a person sees what waits for them, in clients with MCP Apps (2026-01-26): the HTML resource, and what
 * it shows, in `_meta` of a tool's result, which such a client hands to the card and not to the model.
 */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { LiveGrant } from "../grant.ts";
import { cardUri } from "../tools/define-tool.ts";
import { createAnswerFence, type Fence, mailAnswer, mailLine, mailText } from "../tools/fence.ts";
import { cardMimeType } from "./client-features.ts";

const recipients = z.array(z.object({ name: mailLine(), is_new: z.boolean() }));

/** The content of a card. Every string of it that came from mail is marked, as in any answer. */
const cardAnswer = mailAnswer({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  url: z.string(),
  account: mailLine(),
  /** Decides this one approval; see approvals/cards.ts. */
  secret: z.string().optional(),
  /** Too long for a card: the page shows it. */
  too_long: z.boolean(),
  /** Our own texts, by language. */
  texts: z.record(z.string(), z.unknown()),
  email: z
    .object({
      from: mailLine(),
      to: recipients,
      cc: recipients,
      bcc: recipients,
      subject: mailLine(),
      text: mailText(),
      formatted_text: mailText().optional(),
      attachments: z.array(z.object({ name: mailLine(), size: z.string() })),
      notes: z.array(z.string()),
    })
    .optional(),
  erasure: z
    .object({
      permanently: z.boolean(),
      emails: z.array(
        z.object({ from: mailLine(), subject: mailLine(), date: z.string(), mailbox: mailLine() }),
      ),
    })
    .optional(),
  /** The one-click request by which a mailing list would be left. */
  leaving: z
    .object({
      url: mailLine(),
      host: mailLine(),
      is_new: z.boolean(),
      from: mailLine(),
      subject: mailLine(),
      date: z.string(),
    })
    .optional(),
});

export type CardDeps = {
  /** The HTML document of the card. */
  toHtml(): string;
  /** Describes an approval of the grant for its card; undefined when there is no such approval. */
  describe(grant: LiveGrant, approvalId: string): Promise<z.input<typeof cardAnswer> | undefined>;
};

/** The member of `_meta` that holds the content of a card. */
const metaKey = "email-connector/approval";

const withApproval = z.object({ approval: z.object({ id: z.string() }) });

/** Without network: nothing may be requested, and nothing embedded. */
const uiMeta = {
  ui: {
    csp: { connectDomains: [], resourceDomains: [], frameDomains: [], baseUriDomains: [] },
    prefersBorder: true,
  },
};

export function createApprovalCard({ toHtml, describe }: CardDeps, newFence: () => Fence) {
  const resource = {
    uri: cardUri,
    name: "approval",
    title: "What waits for your approval",
    description: "Shows exactly what would be sent or erased, for the person to decide.",
    mimeType: cardMimeType,
    _meta: uiMeta,
  };
  const fenceAnswer = createAnswerFence(cardAnswer);
  return {
    /** The entry of resources/list. */
    resource,

    /** The contents of resources/read; undefined for another URI. */
    read(uri: string) {
      if (uri !== cardUri) return undefined;
      return { contents: [{ uri, mimeType: cardMimeType, text: toHtml(), _meta: uiMeta }] };
    },

    /** Adds the content of the card to a result whose approval there is. */
    async addTo(result: CallToolResult, grant: LiveGrant): Promise<CallToolResult> {
      const answered = withApproval.safeParse(result.structuredContent);
      if (!answered.success) return result;
      const card = await describe(grant, answered.data.approval.id);
      if (!card) return result;
      const { structured } = fenceAnswer(cardAnswer.parse(card), newFence());
      return { ...result, _meta: { ...result._meta, [metaKey]: structured } };
    },
  };
}

/** Tells whether the card of a result can decide by itself. */
export function hasCardSecret({ _meta }: CallToolResult): boolean {
  return z.object({ secret: z.string() }).safeParse(_meta?.[metaKey]).success;
}
