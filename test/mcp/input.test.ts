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
    format: z.enum(["markdown", "text"]).default("markdown"),
  }),
  output: z.object({}),
  run: async () => ({}),
  render: () => "",
});

const defaults = { limit: 20, unread_only: false, format: "markdown" };

function refusalOf(given: Record<string, unknown>): string {
  try {
    checkInput(tool, given);
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message} ${error.hint}`;
    throw error;
  }
  throw new Error("the input was accepted");
}

describe("The arguments of a call", () => {
  test("get their defaults", () => {
    expect(checkInput(tool, {})).toEqual(defaults);
  });

  test("that are null count as absent", () => {
    expect(checkInput(tool, { limit: null, ids: null, query: null, format: null })).toEqual(defaults);
  });

  test("of a wrong type are converted when the meaning is clear", () => {
    expect(checkInput(tool, { limit: "5", unread_only: "true", ids: '["a","b"]' })).toEqual({
      ...defaults,
      limit: 5,
      unread_only: true,
      ids: ["a", "b"],
    });
    expect(checkInput(tool, { ids: "longer than the list may be" }).ids).toHaveLength(1);
    expect(checkInput(tool, { query: ["a"] }).query).toBe("a");
    expect(checkInput(tool, { query: 2024 }).query).toBe("2024");
    expect(checkInput(tool, { unread_only: "True", format: " Text" })).toMatchObject({
      unread_only: true,
      format: "text",
    });
  });

  test("are recognized by similar names, unless the right name is present as well", () => {
    expect(checkInput(tool, { unreadOnly: true, ID: "a", Limit: 5 })).toMatchObject({
      unread_only: true,
      ids: ["a"],
      limit: 5,
    });
    expect(refusalOf({ ids: ["a"], id: "b" })).toContain('no argument "id"; the nearest is "ids"');
    expect(refusalOf({ limit: 5, Limit: 6 })).toContain('no argument "Limit"');
    expect(refusalOf({ ID: "a", Id: "b" })).toContain('no argument "ID"');
  });

  test("that do not fit are refused, each by name", () => {
    expect(refusalOf({ limit: "many" })).toMatch(/^invalid_input: try_it was called wrongly. limit: /);
    expect(refusalOf({ limit: "1000" })).toContain("limit: ");
    expect(refusalOf({ ids: ["a", 1] })).toContain("ids.1: ");
    expect(refusalOf({ ids: "[1," })).toContain("ids: ");
    expect(refusalOf({ limit: 0, query: "x".repeat(11) })).toMatch(/limit: .*; query: /);
    expect(refusalOf({ unread_only: "yes", query: ["a", "b"], format: "pdf" })).toMatch(
      /unread_only: .*; query: .*; format: /,
    );
  });

  test("that are missing are reported as needed", () => {
    const needing = { ...tool, input: z.object({ id: z.string(), more: z.string().optional() }) };
    for (const given of [{}, { id: null }, { id: undefined, more: "x" }])
      expect(() => checkInput(needing, given)).toThrow("id: It is needed.");
  });

  test("that are unknown are reported with the most similar name, shortened", () => {
    expect(refusalOf({ max: 5 })).toContain('try_it has no argument "max"');
    expect(refusalOf({ unred_only: true })).toContain('the nearest is "unread_only"');
    expect(refusalOf({ email_ids: true })).toContain('the nearest is "ids"');
    expect(refusalOf({ folder: "inbox" })).toBe(
      'invalid_input: try_it has no argument "folder". It takes: ids, limit, unread_only, query, format.',
    );
    expect(refusalOf({ ["x".repeat(500)]: 1 }).length).toBeLessThan(250);
  });
});
