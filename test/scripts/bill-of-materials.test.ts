/** The bill of materials that the build writes, from bun.lock. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dependencies, version } from "../../package.json";
import { type BillOfMaterials, toBillOfMaterials } from "../../scripts/bill-of-materials.ts";
import { parseLockFile, readLockFile } from "../../scripts/lock-file.ts";
import { binary } from "../support/binary.ts";

const direct = Object.keys(dependencies);
const bill = toBillOfMaterials(readLockFile(), { direct, bunVersion: "1.4.5" });

const nested = `{
  "lockfileVersion": 2,
  "workspaces": { "": { "name": "x", "dependencies": { "@a/top": "1.0.0" }, "devDependencies": { "tool": "1.0.0" } } },
  "packages": {
    "@a/top": ["@a/top@1.0.0", "", { "dependencies": { "leaf": "^2.0.0", "@b/other": "^1.0.0" } }, "sha512-AAEC"],
    "@a/top/leaf": ["leaf@2.0.0", "", {}, "sha512-AQ=="],
    "@b/other": ["@b/other@1.5.0", "", { "dependencies": { "leaf": "^1.0.0" }, "peerDependencies": { "absent": "1" } }, ""],
    "leaf": ["leaf@1.0.0", "", {}, "sha512-Ag=="],
    "tool": ["tool@1.0.0", "", { "dependencies": { "leaf": "^1.0.0" } }, "sha512-Aw=="],
  },
}`;

test("A dependency in the lock file is the package inside, beside or above the one that needs it", () => {
  const packages = parseLockFile(nested);
  expect(packages.map(({ key, dependencies: keys, isProduction }) => [key, keys, isProduction])).toEqual([
    ["@a/top", ["@a/top/leaf", "@b/other"], true],
    ["@a/top/leaf", [], true],
    ["@b/other", ["leaf"], true],
    ["leaf", [], true],
    ["tool", ["leaf"], false],
  ]);
});

test("ECMA-424: components have package URLs, versions and hashes, and dependencies refer to them", () => {
  const { components, dependencies: edges } = toBillOfMaterials(parseLockFile(nested), {
    direct: ["@a/top"],
    bunVersion: "1.4.5",
  });
  expect(components.map(({ purl }) => purl)).toEqual([
    "pkg:github/oven-sh/bun@bun-v1.4.5",
    "pkg:npm/%40a/top@1.0.0",
    "pkg:npm/%40b/other@1.5.0",
    "pkg:npm/leaf@1.0.0",
    "pkg:npm/leaf@2.0.0",
  ]);
  expect(components[1]).toEqual({
    type: "library",
    "bom-ref": "pkg:npm/%40a/top@1.0.0",
    group: "@a",
    name: "top",
    version: "1.0.0",
    purl: "pkg:npm/%40a/top@1.0.0",
    hashes: [{ alg: "SHA-512", content: "000102" }],
  });
  expect(edges).toEqual([
    {
      ref: `email-connector@${version}`,
      dependsOn: ["pkg:github/oven-sh/bun@bun-v1.4.5", "pkg:npm/%40a/top@1.0.0"],
    },
    { ref: "pkg:github/oven-sh/bun@bun-v1.4.5", dependsOn: [] },
    { ref: "pkg:npm/%40a/top@1.0.0", dependsOn: ["pkg:npm/%40b/other@1.5.0", "pkg:npm/leaf@2.0.0"] },
    { ref: "pkg:npm/%40b/other@1.5.0", dependsOn: ["pkg:npm/leaf@1.0.0"] },
    { ref: "pkg:npm/leaf@1.0.0", dependsOn: [] },
    { ref: "pkg:npm/leaf@2.0.0", dependsOn: [] },
  ]);
});

test("The product's bill has every dependency of package.json with its version and a hash, and no development tool", () => {
  const locked = new Map(
    bill.components.map(({ group, name, version: each }) => [
      group === undefined ? name : `${group}/${name}`,
      each,
    ]),
  );
  for (const [name, pinned] of Object.entries(dependencies))
    expect([name, locked.get(name)]).toEqual([name, pinned]);
  for (const tool of ["typescript", "@biomejs/biome", "playwright-core", "axe-core"])
    expect(locked.has(tool)).toBe(false);
  const refs = new Set(bill.components.map((component) => component["bom-ref"]));
  expect(refs.size).toBe(bill.components.length);
  expect(bill.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref))).toEqual([]);
  const unhashed = bill.components.filter(
    ({ hashes }) => !/^[0-9a-f]{128}$/.test(hashes?.[0]?.content ?? ""),
  );
  expect(unhashed.map(({ name }) => name)).toEqual(["bun"]);
});

test("The build writes the bill beside the executable", async () => {
  const written = JSON.parse(readFileSync(`${await binary()}.cdx.json`, "utf8")) as BillOfMaterials;
  expect(written.components.map(({ purl }) => purl)).toEqual(bill.components.map(({ purl }) => purl));
});
