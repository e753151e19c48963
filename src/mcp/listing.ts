/** How a tool is listed: everything here costs every conversation its bytes, so what says nothing is left out. */
import {
  type Tool as ListedTool,
  type ToolAnnotations,
  ToolSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Level } from "../grant.ts";
import type { Effect, Tool } from "../tools/define-tool.ts";

/** What a grant of each level may do. */
const effectsOfLevel: Record<Level, readonly Effect[]> = {
  read: ["read"],
  organise: ["read", "write", "destroy"],
  send: ["read", "write", "destroy", "send"],
};

export function mayUse(level: Level, tool: Tool): boolean {
  return effectsOfLevel[level].includes(tool.effect);
}

/** Claude Code's own limit for a result, 25,000 tokens, is lifted to this many characters. */
const maxResultChars = 150_000;

/**
 * MCP's own defaults are left out: openWorldHint is true unless said (what is read was written by anyone, what is sent
 * goes to anyone), idempotentHint is false unless said, and means nothing for reading.
 */
const annotationsOfEffect = {
  read: { readOnlyHint: true },
  write: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  destroy: { readOnlyHint: false, destructiveHint: true, openWorldHint: false },
  send: { readOnlyHint: false, destructiveHint: true },
} as const satisfies Record<Effect, ToolAnnotations>;

/** The tool as tools/list shows it. */
export function toListed(tool: Tool): ListedTool {
  return ToolSchema.parse({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: slim(z.toJSONSchema(tool.input, { io: "input" })),
    outputSchema: outline(z.toJSONSchema(tool.output, { io: "output" })),
    annotations: {
      ...annotationsOfEffect[tool.effect],
      ...(tool.effect !== "read" && tool.idempotent ? { idempotentHint: true } : {}),
    },
    ...(tool.effect === "read" ? { _meta: { "anthropic/maxResultSizeChars": maxResultChars } } : {}),
  });
}

type Json = unknown;

/** Said of a schema only to validate: a model that passes on what it was given never meets them, and zod checks them. */
const unsaid = new Set(["$schema", "minLength", "maxLength", "minItems", "maxItems"]);

/** Without that, without closed-object marks, and without what goes without saying. */
function slim(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(slim);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([name, value]) =>
      !(unsaid.has(name) && typeof value !== "object") &&
      !(name === "additionalProperties" && value === false) &&
      !(name === "default" && (value === false || value === 0)) &&
      !(name === "minimum" && Number(value) <= 1) &&
      !(name === "maximum" && value === Number.MAX_SAFE_INTEGER) &&
      !(name === "type" && value === "string" && "enum" in schema),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, slim(value)]));
}

/**
 * An answer's outline: the fields it always has and their types, one level deep. True of every answer, and all a
 * client needs to accept structured content; the answer itself is checked against the whole schema before it leaves.
 */
function outline(schema: Json): Json {
  const { properties, required } = z
    .object({
      properties: z.record(z.string(), z.looseObject({ type: z.unknown().optional() })).default({}),
      required: z.array(z.string()).default([]),
    })
    .parse(schema);
  const types = required.map((name) => {
    const type = properties[name]?.type;
    return [name, typeof type === "string" ? { type } : {}];
  });
  return { type: "object", properties: Object.fromEntries(types) };
}
