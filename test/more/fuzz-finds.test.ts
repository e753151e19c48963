/** Replays the shrunk inputs of mended finds of the fuzzer, in test/fixtures/finds. */
import { afterAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { problemOf } from "../../fuzz/campaign.ts";
import { readFind } from "../../fuzz/finds.ts";
import { allTargets, nameOf } from "../../fuzz/targets.ts";
import { createWorld } from "../../fuzz/world.ts";
import { hasMailServer } from "../support/installed.ts";

const folder = join(import.meta.dir, "../fixtures/finds");
const world = createWorld();
afterAll(() => world.close());

/** Single readers need no mail server. */
const paths = readdirSync(folder)
  .filter((name) => name.endsWith(".json") && (hasMailServer || name.startsWith("read-")))
  .map((name) => join(folder, name));

test.each(paths)("%s breaks nothing", async (path) => {
  const { target: name, input } = readFind(path);
  const target = allTargets.find((one) => nameOf(one) === name);
  expect(target).toBeDefined();
  // The target wrote the input.
  const broken = await target?.((known) => problemOf(known, input as never, world));
  expect(broken?.message).toBeUndefined();
});
