/** Finds of the fuzzer as files: the target, the broken invariant, and the shrunk input, which `--replay` runs again. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

export type Find = {
  target: string;
  kind: string;
  problem: string;
  /** The campaign that found it; `--seed` with `--only` repeats it. */
  seed: number;
  input: unknown;
};

const bytesKey = "base64";

/** Bytes become {"base64": …}, in any place of a value. */
const encodeBytes = (_: string, value: unknown): unknown => {
  const isBuffer = typeof value === "object" && value !== null && "type" in value && value.type === "Buffer";
  if (isBuffer && "data" in value && Array.isArray(value.data))
    return { [bytesKey]: Buffer.from(value.data).toString("base64") };
  return value instanceof Uint8Array ? { [bytesKey]: Buffer.from(value).toString("base64") } : value;
};

const decodeBytes = (_: string, value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Object.keys(value).join() !== bytesKey) return value;
  const { [bytesKey]: text } = value as Record<string, unknown>;
  return typeof text === "string" ? new Uint8Array(Buffer.from(text, "base64")) : value;
};

/** Writes a find into a folder; the same input gives the same file. Returns its path. */
export function writeFind(folder: string, find: Find): string {
  mkdirSync(folder, { recursive: true });
  const text = `${JSON.stringify(find, encodeBytes, 1)}\n`;
  const name = `${find.target}-${Bun.hash(JSON.stringify(find.input, encodeBytes)).toString(36)}.json`;
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const findFile = z.object({
  target: z.string(),
  kind: z.string(),
  problem: z.string(),
  seed: z.number(),
  input: z.unknown(),
});

export function readFind(path: string): Find {
  return findFile.parse(JSON.parse(readFileSync(path, "utf8"), decodeBytes));
}
