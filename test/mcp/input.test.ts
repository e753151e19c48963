import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { AppError } from "../../src/errors.ts";
import { checkInput } from "../../src/mcp/input.ts";
import { defineTool } from "../../src/tools/define-tool.ts";

const tool = defineTool({
  name: "try_it",
  title: "Try",
  description: "Takes one argument of each kind.",
  effect: "read",
  input: z.object({
    ids: z.array(z.string()).max(3).optional(),
    limit: z.int().min(1).max(100).default(20),
    unread_only: z.boolean().default(false),
    query: z.string().max(10).optional(),
  }),
  output: z.object({}),
  run: async () => ({}),
  render: () => "",
});

function refusalOf(given: Record<string, unknown>): string {
  try {
    checkInput(tool, given);
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message} ${error.hint}`;
    throw error;
  }
  throw new Error("it was taken");
}

describe("a call's arguments", () => {
  test("get their defaults", () => {
    expect(checkInput(tool, {})).toEqual({ limit: 20, unread_only: false });
  });

  test("are read as meant when a model writes their type as text", () => {
    expect(checkInput(tool, { limit: "5", unread_only: "true", ids: '["a","b"]' })).toEqual({
      limit: 5,
      unread_only: true,
      ids: ["a", "b"],
    });
    expect(checkInput(tool, { ids: "a" }).ids).toEqual(["a"]);
  });

  test("stay refused when they do not fit: each is named", () => {
    expect(refusalOf({ limit: "many" })).toMatch(/^invalid_input: try_it was called wrongly. limit: /);
    expect(refusalOf({ limit: "1000" })).toContain("limit: ");
    expect(refusalOf({ ids: ["a", 1] })).toContain("ids.1: ");
    expect(refusalOf({ ids: "[1," })).toContain("ids: ");
    expect(refusalOf({ limit: 0, query: "x".repeat(11) })).toMatch(/limit: .*; query: /);
  });

  test("that are unknown are named with the nearest, and shown shortened", () => {
    expect(refusalOf({ max: 5 })).toContain('try_it has no argument "max"');
    expect(refusalOf({ unreadOnly: true })).toContain('the nearest is "unread_only"');
    expect(refusalOf({ ["x".repeat(500)]: 1 }).length).toBeLessThan(250);
  });
});
