/** Checks the arguments of a tool call, and names what is wrong in a way that a model can correct. */
import { ErrorCode } from "@modelcontextprotocol/sdk/types.js";
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { AppError } from "../errors.ts";
import type { Tool } from "../tools/define-tool.ts";

/** Parses the arguments. Throws invalid_input that names the argument; an unknown one is refused, not ignored. */
export function checkInput(tool: Tool, sent: Record<string, unknown>): Record<string, unknown> {
  const known = Object.keys(tool.input.shape);
  const named = correctNames(sent, known);
  const unknown = named.find(([name]) => !known.includes(name));
  if (unknown) throw toUnknownArgument(tool.name, unknown[0], known);
  // Some models send null for an argument they leave out; null has no meaning of its own for any argument.
  const given = Object.fromEntries(named.filter(([, value]) => value !== null));
  const first = tool.input.safeParse(given);
  const parsed = first.success ? first : tool.input.safeParse(correctTypes(given, first.error));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map(({ path, message }) => {
    const [name] = path;
    const missing = path.length === 1 && typeof name === "string" && given[name] === undefined;
    return `${path.map(String).join(".")}: ${missing ? "It is needed" : message}`;
  });
  throw new AppError("invalid_input", `${tool.name} was called wrongly. ${problems.join("; ")}.`);
}

/** Replaces the values that caused `issues` by the value the model probably meant. */
function correctTypes(given: Record<string, unknown>, { issues }: z.ZodError): Record<string, unknown> {
  const corrected = { ...given };
  for (const issue of issues) {
    const [name, ...deeper] = issue.path;
    if (typeof name === "string" && deeper.length === 0) corrected[name] = coerce(corrected[name], issue);
  }
  return corrected;
}

/**
 * Renames `unreadOnly` to unread_only and `id` to ids: two names match when they have the same characters apart from
 * case, separators and a plural s, and no third name does.
 */
function correctNames(sent: Record<string, unknown>, known: readonly string[]): [string, unknown][] {
  const normalize = (name: string) =>
    name
      .slice(0, 40)
      .toLowerCase()
      .replace(/[^a-z]|s$/g, "");
  const knownBy = Map.groupBy(known, normalize);
  const sentBy = Map.groupBy(Object.keys(sent), normalize);
  return Object.entries(sent).map(([name, value]) => {
    const [match, ...others] = knownBy.get(normalize(name)) ?? [];
    const isUnique = others.length === 0 && sentBy.get(normalize(name))?.length === 1;
    return [match !== undefined && isUnique ? match : name, value];
  });
}

/**
 * Converts common mistakes of models: "20" for 20, "True" for true, "Markdown" for markdown, a list written as JSON
 * text, one id instead of a list of one and the reverse. Returns any other value unchanged.
 */
function coerce(value: unknown, issue: z.core.$ZodIssue): unknown {
  if (issue.code === "invalid_value") return typeof value === "string" ? value.trim().toLowerCase() : value;
  if (issue.code !== "invalid_type") return value;
  if (issue.expected === "string" && Array.isArray(value) && value.length === 1) return value[0];
  if (issue.expected === "string" && typeof value === "number") return String(value);
  if (typeof value !== "string") return value;
  if (issue.expected === "array") return value.startsWith("[") ? parseJsonOrKeep(value) : [value];
  if (issue.expected === "boolean") return parseJsonOrKeep(value.trim().toLowerCase());
  return ["number", "int", "object"].includes(issue.expected) ? parseJsonOrKeep(value) : value;
}

/** The value of a JSON text, or the text itself, which then fails validation again. */
function parseJsonOrKeep(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The protocol error for an unknown tool (MCP 2025-11-25, Tools, Error Handling); `known` are the usable names. Not the
 * SDK's McpError: its message would repeat the code, which the client adds as well.
 */
export function toUnknownTool(name: string, known: readonly string[]): Error {
  const message = `There is no tool ${quoteShortened(name)}${suggestNearest(name, known)}. There are: ${known.join(", ")}.`;
  return Object.assign(new Error(message), { code: ErrorCode.InvalidParams });
}

function toUnknownArgument(tool: string, name: string, known: readonly string[]): AppError {
  const quoted = quoteShortened(name);
  if (known.length === 0) return new AppError("invalid_input", `${tool} takes no arguments, not ${quoted}.`);
  return new AppError("invalid_input", `${tool} has no argument ${quoted}${suggestNearest(name, known)}.`, {
    hint: `It takes: ${known.join(", ")}.`,
  });
}

/** A name from the caller in quotation marks; shortened, because it may be anything. */
const quoteShortened = (name: string) => JSON.stringify(name.slice(0, 40));

/** A suggestion of the most similar name; empty when none is similar: `folder` is not a misspelled `cursor`. */
function suggestNearest(name: string, known: readonly string[]): string {
  const shown = name.slice(0, 40).toLowerCase();
  const nearest = closest(shown, [...known]);
  const isNear =
    shown.includes(nearest) || nearest.includes(shown) || distance(shown, nearest) <= nearest.length / 3;
  return isNear ? `; the nearest is "${nearest}"` : "";
}
