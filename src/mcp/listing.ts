/** Entries of tools/list. Every conversation carries them, so schema keywords without information are left out. */
import {
  type Tool as ListedTool,
  type ToolAnnotations,
  ToolSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Level } from "../grant.ts";
import { cardUri, type Effect, type Tool } from "../tools/define-tool.ts";

/** The effects that each grant level permits. */
const effectsOfLevel: Record<Level, readonly Effect[]> = {
  read: ["read"],
  organise: ["read", "write", "destroy"],
  approve: ["read", "write", "destroy", "send"],
  send: ["read", "write", "destroy", "send"],
};

export function mayUse(level: Level, tool: Tool): boolean {
  return effectsOfLevel[level].includes(tool.effect);
}

/** Raises Claude Code's limit for a result from 25,000 tokens to this number of characters. */
const maxResultCharacters = 150_000;

/**
 * Annotations that equal the defaults of MCP are left out. openWorldHint defaults to true, which holds for reading and
 * sending: anyone may have written an email, and anyone may receive one. idempotentHint defaults to false, and has no
 * meaning for reading tools.
 */
const annotationsOfEffect = {
  read: { readOnlyHint: true },
  write: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  destroy: { readOnlyHint: false, destructiveHint: true, openWorldHint: false },
  send: { readOnlyHint: false, destructiveHint: true },
} as const satisfies Record<Effect, ToolAnnotations>;

/**
 * The tools/list entry of a tool. `asksPerson`: Claude Code asks the person before each call of a tool that sends or
 * erases, also after they said "always allow".
 */
export function toListed(tool: Tool, { asksPerson = false } = {}): ListedTool {
  const isRead = tool.effect === "read";
  const annotations: ToolAnnotations = { ...annotationsOfEffect[tool.effect] };
  if (!isRead && tool.idempotent) annotations.idempotentHint = true;
  const listed = ToolSchema.parse({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: removeDefaults(z.toJSONSchema(tool.input, { io: "input" })),
    outputSchema: toOutline(z.toJSONSchema(tool.output, { io: "output" })),
    annotations,
  });
  const meta = toMeta(tool, asksPerson);
  if (Object.keys(meta).length > 0) listed._meta = meta;
  return listed;
}

function toMeta({ effect, showsCard, appOnly }: Tool, asksPerson: boolean): Record<string, unknown> {
  const meta: Record<string, unknown> = {};
  if (effect === "read") meta["anthropic/maxResultSizeChars"] = maxResultCharacters;
  if (showsCard) {
    meta.ui = { resourceUri: cardUri };
    // The form of older hosts, which claude.ai still needs.
    meta["ui/resourceUri"] = cardUri;
  }
  // The person has pressed a button of the card already.
  if (appOnly) return { ...meta, ui: { visibility: ["app"] } };
  if (asksPerson && (effect === "send" || effect === "destroy"))
    meta["anthropic/requiresUserInteraction"] = true;
  return meta;
}

type Json = unknown;

/** Keywords for validation only, which zod does: a model that passes on what it was given never violates them. */
const validationKeywords = new Set(["$schema", "minLength", "maxLength", "minItems", "maxItems"]);

/** Removes validation keywords, `additionalProperties: false`, and keywords that state the obvious. */
function removeDefaults(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(removeDefaults);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([name, value]) =>
      !(validationKeywords.has(name) && typeof value !== "object") &&
      !(name === "additionalProperties" && value === false) &&
      !(name === "default" && (value === false || value === 0)) &&
      !(name === "minimum" && Number(value) <= 1) &&
      !(name === "maximum" && value === Number.MAX_SAFE_INTEGER) &&
      !(name === "type" && value === "string" && "enum" in schema),
  );
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === "items" ? withoutFields(value) : removeDefaults(value)]),
  );
}

/** Objects in a list without their fields, which the description of the parameter names. */
function withoutFields(items: Json): Json {
  const isObject = typeof items === "object" && items !== null && "properties" in items;
  return isObject ? { type: "object" } : removeDefaults(items);
}

/**
 * Reduces an output schema to the names of its required fields. That suffices for a client to accept structured content;
 * the answer itself is validated against the whole schema before it is sent.
 */
function toOutline(schema: Json): Json {
  const { required } = z.object({ required: z.array(z.string()).default([]) }).parse(schema);
  return { type: "object", properties: Object.fromEntries(required.map((name) => [name, {}])) };
}
