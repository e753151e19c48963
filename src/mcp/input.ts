/** A call's arguments, checked: what is wrong is said in words a model can act on. */
import { ErrorCode } from "@modelcontextprotocol/sdk/types.js";
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { AppError } from "../errors.ts";
import type { Tool } from "../tools/define-tool.ts";

/** Input that fits the tool. Throws invalid_input that names the argument; an unknown one is an error, not ignored. */
export function checkInput(tool: Tool, sent: Record<string, unknown>): Record<string, unknown> {
  const known = Object.keys(tool.input.shape);
  const named = byKnownNames(sent, known);
  const unknown = named.find(([name]) => !known.includes(name));
  if (unknown) throw unknownArgument(tool.name, unknown[0], known);
  // Some models fill in null for what they leave out; no argument means anything by it.
  const given = Object.fromEntries(named.filter(([, value]) => value !== null));
  const first = tool.input.safeParse(given);
  const parsed = first.success ? first : tool.input.safeParse(readMistyped(given, first.error));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map(({ path, message }) => {
    const [name] = path;
    const missing = path.length === 1 && typeof name === "string" && given[name] === undefined;
    return `${path.map(String).join(".")}: ${missing ? "It is needed" : message}`;
  });
  throw new AppError("invalid_input", `${tool.name} was called wrongly. ${problems.join("; ")}.`);
}

function readMistyped(given: Record<string, unknown>, { issues }: z.ZodError): Record<string, unknown> {
  const read = { ...given };
  for (const issue of issues) {
    const [name, ...deeper] = issue.path;
    if (typeof name === "string" && deeper.length === 0) read[name] = toMeant(read[name], issue);
  }
  return read;
}

/** `unreadOnly` is unread_only, and `id` is ids: by their letters, where no two of the names have the same. */
function byKnownNames(sent: Record<string, unknown>, known: readonly string[]): [string, unknown][] {
  const letters = (name: string) =>
    name
      .slice(0, 40)
      .toLowerCase()
      .replace(/[^a-z]|s$/g, "");
  const knownBy = Map.groupBy(known, letters);
  const sentBy = Map.groupBy(Object.keys(sent), letters);
  return Object.entries(sent).map(([name, value]) => {
    const [meant, ...others] = knownBy.get(letters(name)) ?? [];
    const alone = others.length === 0 && sentBy.get(letters(name))?.length === 1;
    return [meant !== undefined && alone ? meant : name, value];
  });
}

/**
 * Models write "20" for 20, "True" for true, "Markdown" for markdown, a list as the text of one, one id for a list of
 * one, and the other way round. What is none of these stays as it is.
 */
function toMeant(value: unknown, issue: z.core.$ZodIssue): unknown {
  if (issue.code === "invalid_value") return typeof value === "string" ? value.trim().toLowerCase() : value;
  if (issue.code !== "invalid_type") return value;
  if (issue.expected === "string" && Array.isArray(value) && value.length === 1) return value[0];
  if (issue.expected === "string" && typeof value === "number") return String(value);
  if (typeof value !== "string") return value;
  if (issue.expected === "array") return value.startsWith("[") ? toJson(value) : [value];
  if (issue.expected === "boolean") return toJson(value.trim().toLowerCase());
  return ["number", "int", "object"].includes(issue.expected) ? toJson(value) : value;
}

/** What the text says as JSON, or the text itself, which will not fit either. */
function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * MCP 2025-11-25, Tools, Error handling: an unknown tool is an error of the protocol. `known` are the names there are.
 * Not the SDK's own error, whose message says its code twice over where it arrives.
 */
export function unknownTool(name: string, known: readonly string[]): Error {
  const message = `There is no tool ${shorten(name)}${nearestOf(name, known)}. There are: ${known.join(", ")}.`;
  return Object.assign(new Error(message), { code: ErrorCode.InvalidParams });
}

function unknownArgument(tool: string, name: string, known: readonly string[]): AppError {
  if (known.length === 0)
    return new AppError("invalid_input", `${tool} takes no arguments, not ${shorten(name)}.`);
  return new AppError("invalid_input", `${tool} has no argument ${shorten(name)}${nearestOf(name, known)}.`, {
    hint: `It takes: ${known.join(", ")}.`,
  });
}

/** What was sent is shown back shortened, since it may be anything. */
const shorten = (name: string) => JSON.stringify(name.slice(0, 40));

/** Said only where there is a near one: `folder` is not a misspelt `cursor`. */
function nearestOf(name: string, known: readonly string[]): string {
  const shown = name.slice(0, 40).toLowerCase();
  const nearest = closest(shown, [...known]);
  const near =
    shown.includes(nearest) || nearest.includes(shown) || distance(shown, nearest) <= nearest.length / 3;
  return near ? `; the nearest is "${nearest}"` : "";
}
