/** The tools as both protocol revisions serve them: listed by the grant's level, and run for one caller. */
import type { CallToolResult, Tool as ListedTool } from "@modelcontextprotocol/sdk/types.js";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import type { Tool } from "../tools/define-tool.ts";
import { productVersion } from "../version.ts";
import { toUnknownTool } from "./input.ts";
import { mayUse, toListed } from "./listing.ts";
import { createRunTool, type RunToolDeps, type ToolCall } from "./run-tool.ts";

export type ServerDeps = RunToolDeps & {
  config: Pick<Config, "publicUrl" | "requireUserInteraction">;
  tools: readonly Tool[];
};

export type ToolAccess = ReturnType<typeof createToolAccess>;

export function createToolAccess({ config, tools, ...deps }: ServerDeps) {
  const runTool = createRunTool(deps);
  // Created with the first request, because it takes time that the start of the process should not.
  const listed = once(() =>
    tools.map((tool) => ({ tool, entry: toListed(tool, { asksPerson: config.requireUserInteraction }) })),
  );
  const list = ({ level }: LiveGrant): ListedTool[] =>
    listed()
      .filter(({ tool }) => mayUse(level, tool))
      .map(({ entry }) => entry);

  return {
    serverInfo: {
      name: "email-connector",
      title: "Email",
      version: productVersion,
      websiteUrl: config.publicUrl,
      icons: [{ src: `${config.publicUrl}/favicon.svg`, mimeType: "image/svg+xml" }],
    },

    /** The entries of tools/list that the grant's level permits. */
    list,

    /** Runs a tool by its name. Throws the protocol error for an unknown one; any other failure is a result. */
    async call(name: string, call: ToolCall): Promise<CallToolResult> {
      const tool = tools.find((one) => one.name === name);
      if (!tool)
        throw toUnknownTool(
          name,
          list(call.grant).map((entry) => entry.name),
        );
      return runTool(tool, call);
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
