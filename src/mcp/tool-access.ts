/** The tools as both protocol revisions serve them: listed by the grant's level, and run for one caller. */
import type { CallToolResult, Tool as ListedTool } from "@modelcontextprotocol/sdk/types.js";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import { toErrorFields } from "../log.ts";
import type { Tool } from "../tools/define-tool.ts";
import { productVersion } from "../version.ts";
import { type CardDeps, createApprovalCard } from "./approval-card.ts";
import { type ClientFeatures, noFeatures } from "./client-features.ts";
import { toUnknownTool } from "./input.ts";
import { mayUse, toListed } from "./listing.ts";
import { createRunTool, type RunToolDeps, type ToolCall } from "./run-tool.ts";

export type ServerDeps = RunToolDeps & {
  card: CardDeps;
  config: Pick<Config, "publicUrl" | "requireUserInteraction">;
  tools: readonly Tool[];
};

export type ToolAccess = ReturnType<typeof createToolAccess>;

export function createToolAccess({ config, tools, card, ...deps }: ServerDeps) {
  const runTool = createRunTool(deps);
  const approvalCard = createApprovalCard(card, deps.newFence);
  // Created with the first request, because it takes time that the start of the process should not.
  const listed = once(() =>
    tools.map((tool) => ({ tool, entry: toListed(tool, { asksPerson: config.requireUserInteraction }) })),
  );
  const list = ({ level }: LiveGrant, { showsCards }: ClientFeatures): ListedTool[] =>
    listed()
      .filter(({ tool }) => mayUse(level, tool) && (showsCards || !tool.appOnly))
      .map(({ entry }) => entry);

  return {
    serverInfo: {
      name: "email-connector",
      title: "Email",
      version: productVersion,
      websiteUrl: config.publicUrl,
      icons: [{ src: `${config.publicUrl}/favicon.svg`, mimeType: "image/svg+xml" }],
    },

    /** The entries of tools/list that the grant's level permits; those for cards where the client shows cards. */
    list,

    card: approvalCard,

    /** Runs a tool by its name. Throws the protocol error for an unknown one; any other failure is a result. */
    async call(name: string, call: ToolCall, features: ClientFeatures): Promise<CallToolResult> {
      const tool = tools.find((one) => one.name === name && (features.showsCards || !one.appOnly));
      if (!tool)
        throw toUnknownTool(
          name,
          list(call.grant, noFeatures).map((entry) => entry.name),
        );
      const result = await runTool(tool, call);
      if (!features.showsCards) return result;
      try {
        return await approvalCard.addTo(result, call.grant);
      } catch (error) {
        // The call is done: without its card, the result still tells where the person decides.
        deps.log.error("bug", {
          requestId: call.requestId,
          grant: call.grant.id,
          error: toErrorFields(error),
        });
        return result;
      }
    },

    /** True for the name of a writing tool under a read-only grant. */
    lacksScope: ({ level }: LiveGrant, name: unknown): boolean =>
      level === "read" && tools.some((tool) => tool.effect !== "read" && tool.name === name),
  };
}

/** Defers `make` to the first use, and keeps its result. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
