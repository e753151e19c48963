/** The comparison of bun.lock with advisories, as `bun run check` makes it. */
import { expect, test } from "bun:test";
import { type Advisories, findAdvisoryProblems, parseAudit } from "../../scripts/check-advisories.ts";
import type { LockedPackage } from "../../scripts/lock-file.ts";

const toPackage = (name: string, version: string, isProduction = true): LockedPackage => ({
  key: name,
  name,
  version,
  integrity: "",
  dependencies: [],
  isProduction,
});

const url = "https://github.com/advisories/GHSA-xxxx";
const advisories: Advisories = {
  parser: [{ id: 1, url, title: "Quadratic time", severity: "high", vulnerable_versions: ">=1.0.0 <1.2.3" }],
};

test("A version in the range of an advisory is a problem, in the executable and in development", () => {
  const packages = [
    toPackage("parser", "1.2.2"),
    toPackage("parser", "1.2.3"),
    toPackage("parser", "0.9.0"),
    toPackage("other", "1.2.2"),
    toPackage("parser", "1.0.0", false),
  ];
  expect(findAdvisoryProblems(packages, advisories)).toEqual([
    `parser@1.0.0 (development), high: Quadratic time ${url}`,
    `parser@1.2.2 (in the executable), high: Quadratic time ${url}`,
  ]);
});

test("An accepted advisory is no problem", () => {
  expect(findAdvisoryProblems([toPackage("parser", "1.1.0")], advisories, { [url]: "not reached" })).toEqual(
    [],
  );
});

test("The output of an audit is its advisories; a registry that refuses audits gives none", () => {
  expect(parseAudit("{}")).toEqual({});
  expect(parseAudit(JSON.stringify(advisories))).toEqual(advisories);
  expect(parseAudit("")).toBeUndefined();
});
