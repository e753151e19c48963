/** The fuzzer finds a planted defect, shrinks it, and writes a file that fails again until the defect is mended. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { problemOf, runCampaign } from "../../fuzz/campaign.ts";
import { readFind } from "../../fuzz/finds.ts";
import { checkAnswer, checkInert, checkPage } from "../../fuzz/invariants.ts";
import { reduceBytes } from "../../fuzz/reduce.ts";
import { Broken, type Target, toAnyTarget } from "../../fuzz/target.ts";
import type { World } from "../../fuzz/world.ts";
import { temporaryFolder } from "../support/temporary.ts";

const notUsed = () => Promise.reject(new Error("this target needs nothing of the world"));
const world: World = {
  readers: { run: notUsed, close() {} },
  open: notUsed,
  discard: async () => {},
  close: async () => {},
};

/** Breaks on every input with the byte 0x3c behind 0x26. */
const planted: Target<Uint8Array> = {
  name: "planted",
  inputs: fc.uint8Array({ minLength: 30, maxLength: 300 }).map((bytes) => {
    bytes.set([0x26, 0x20, 0x3c], 9);
    return bytes;
  }),
  perTurn: 20,
  async check(bytes) {
    const at = bytes.indexOf(0x26);
    if (at >= 0 && bytes.includes(0x3c, at)) throw new Broken("planted", "a defect");
  },
  bytes: { get: (input) => input, set: (_, bytes) => bytes },
};

async function runOnce(folder: string, seed: number) {
  let turns = 0;
  return runCampaign({
    targets: [toAnyTarget(planted)],
    world,
    seed,
    folder,
    isOver: () => turns++ >= 2,
    report() {},
  });
}

test("A defect is shrunk to the bytes that it needs, and its file breaks again when it is replayed", async () => {
  const { finds, inputs } = await runOnce(temporaryFolder("finds"), 1);
  expect(finds).toHaveLength(1);
  expect(inputs.planted).toBeGreaterThan(0);
  const find = readFind(finds[0]?.path ?? "");
  expect(find).toMatchObject({ target: "planted", kind: "planted" });
  expect(find.input).toEqual(new Uint8Array([0x26, 0x3c]));
  expect((await problemOf(planted, find.input as Uint8Array, world))?.kind).toBe("planted");
});

test("The same seed finds the same input", async () => {
  const [one, two] = [await runOnce(temporaryFolder("finds"), 5), await runOnce(temporaryFolder("finds"), 5)];
  expect(one.finds.map(({ find }) => find)).toEqual(two.finds.map(({ find }) => find));
});

test("Bytes are reduced to the shortest that still break", async () => {
  const bytes = Buffer.from(`${"x".repeat(900)}bad${"y".repeat(900)}`);
  const shortest = await reduceBytes(bytes, async (some) => Buffer.from(some).includes("bad"));
  expect(Buffer.from(shortest).toString()).toBe("bad");
});

const text = (content: string) => ({ content: [{ type: "text", text: content }] });

test.each([
  ["an open fence", text("<mail-0123456789abcdef>\nx"), "fence broken"],
  [
    "a fence inside of one",
    text("<mail-0123456789abcdef><mail-0123456789abcdef></mail-0123456789abcdef>"),
    "fence broken",
  ],
  ["a bidirectional control", text("a\u202eb"), "invisible characters"],
  ["half a character", text("a\ud800b"), "malformed Unicode"],
  ["too much text", text("x".repeat(200_000)), "output budget"],
])("An answer with %s breaks an invariant", (_, result, kind) => {
  expect(() => checkAnswer("a tool", result)).toThrow(expect.objectContaining({ kind }));
});

test("A page with markup of an input, and HTML that acts, break an invariant", () => {
  expect(() => checkPage("<p><x-canary></p>", "a page")).toThrow("unescaped");
  expect(() => checkPage('<a href="javascript:x">y</a>', "a page")).toThrow("script address");
  expect(() => checkInert("<a href='java\tscript:x'>y</a>", "HTML")).toThrow("active HTML");
  expect(() => checkInert("<b onclick=x>y</b>", "HTML")).toThrow("active HTML");
  expect(checkInert('<meta charset="utf-8"><p>words</p>', "HTML")).toBeUndefined();
});
