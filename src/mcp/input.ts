/** A call's arguments, checked: what is wrong is said in words a model can act on. */
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { closest } from "fastest-levenshtein";
import type { z } from "zod";
import { AppError } from "../errors.ts";
import type { Tool } from "../tools/define-tool.ts";

/** Input that fits the tool. Throws invalid_input that names the argument; an unknown one is an error, not ignored. */
export function checkInput(tool: Tool, given: Record<string, unknown>): Record<string, unknown> {
  const known = Object.keys(tool.input.shape);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownArgument(tool.name, unknown, known);
  const first = tool.input.safeParse(given);
  const parsed = first.success ? first : tool.input.safeParse(readMistyped(given, first.error));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map((issue) => {
    const where = issue.path.map(String).join(".");
    return where ? `${where}: ${issue.message}` : issue.message;
  });
  throw new AppError("invalid_input", `${tool.name} was called wrongly. ${problems.join("; ")}.`);
}

/** Models write "20" for 20, "true" for true, a list as the text of one, and one id for a list of one. */
function readMistyped(given: Record<string, unknown>, { issues }: z.ZodError): Record<string, unknown> {
  const read = { ...given };
  for (const issue of issues) {
    const [name, ...deeper] = issue.path;
    if (issue.code !== "invalid_type" || typeof name !== "string" || deeper.length > 0) continue;
    const value = given[name];
    if (typeof value !== "string") continue;
    if (issue.expected === "array") read[name] = value.startsWith("[") ? toJson(value) : [value];
    else if (["number", "int", "boolean", "object"].includes(issue.expected)) read[name] = toJson(value);
  }
  return read;
}

/** What the text says as JSON, or the text itself, which will not fit either. */
function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** MCP 2025-11-25, Tools, Error handling: an unknown tool is an error of the protocol. `known` are the names there are. */
export function unknownTool(name: string, known: readonly string[]): McpError {
  const shown = name.slice(0, 40);
  const nearest = closest(shown, [...known]);
  const message = `There is no tool ${JSON.stringify(shown)}; the nearest is "${nearest}".`;
  return new McpError(ErrorCode.InvalidParams, message);
}

function unknownArgument(tool: string, name: string, known: readonly string[]): AppError {
  // What was sent is shown back shortened, since it may be anything.
  const shown = JSON.stringify(name.slice(0, 40));
  if (known.length === 0) return new AppError("invalid_input", `${tool} takes no arguments, not ${shown}.`);
  const nearest = closest(name.slice(0, 40), [...known]);
  return new AppError("invalid_input", `${tool} has no argument ${shown}; the nearest is "${nearest}".`, {
    hint: `It takes: ${known.join(", ")}.`,
  });
}
