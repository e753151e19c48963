/**
 * Compares bun.lock with a copy of the registry's security advisories. Run by `bun run check`, offline.
 *
 * `--update` fetches the copy with `bun audit` into scripts/advisories.json, to be committed. A mirror that offers no
 * advisories answers 405, and without a copy there is nothing to compare with: both are reported and are no failure.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LockedPackage, readLockFile } from "./lock-file.ts";

/** An advisory as the registry returns it. */
export type Advisory = {
  id: number;
  url: string;
  title: string;
  severity: string;
  /** A range of versions, such as `<1.2.3`. */
  vulnerable_versions: string;
};

/** Name of a package -> its advisories. */
export type Advisories = Readonly<Record<string, readonly Advisory[]>>;

/** The registry returns advisories of the versions it was asked about, and of no others. */
type PinnedCopy = { fetchedOn: string; packages: readonly string[]; advisories: Advisories };

/** URL of an advisory -> the reason why it does not concern this product. */
const accepted: Readonly<Record<string, string>> = {};

const root = join(import.meta.dir, "..");
const copyPath = join(import.meta.dir, "advisories.json");

/** Returns one line per installed version that an advisory covers. Empty: none. */
export function findAdvisoryProblems(
  packages: readonly LockedPackage[],
  advisories: Advisories,
  acceptedUrls: Readonly<Record<string, string>> = accepted,
): string[] {
  const problems = packages.flatMap(({ name, version, isProduction }) =>
    (advisories[name] ?? [])
      .filter(({ url, vulnerable_versions: range }) => !(url in acceptedUrls) && covers(range, version))
      .map(
        ({ url, title, severity }) =>
          `${name}@${version} (${isProduction ? "in the executable" : "development"}), ${severity}: ${title} ${url}`,
      ),
  );
  return [...new Set(problems)].sort();
}

function covers(range: string, version: string): boolean {
  return Bun.semver.satisfies(version, range);
}

/** Parses the output of `bun audit --json`. Undefined when the registry gave no advisories. */
export function parseAudit(output: string): Advisories | undefined {
  try {
    return JSON.parse(output) as Advisories;
  } catch {
    return undefined;
  }
}

const toSpec = ({ name, version }: LockedPackage) => `${name}@${version}`;

function update(): number {
  // It also fails when it finds something: only its output tells.
  const run = spawnSync(process.execPath, ["audit", "--json"], { encoding: "utf8", cwd: root });
  const advisories = parseAudit(run.stdout);
  if (!advisories) {
    process.stdout.write(`advisories: no copy was fetched: ${run.stderr.trim()}\n`);
    return 0;
  }
  const packages = [...new Set(readLockFile().map(toSpec))].sort();
  const copy: PinnedCopy = { fetchedOn: new Date().toISOString().slice(0, 10), packages, advisories };
  writeFileSync(copyPath, `${JSON.stringify(copy, null, 2)}\n`);
  return check();
}

function check(): number {
  if (!existsSync(copyPath)) {
    process.stdout.write(
      "advisories: not checked, there is no copy of them: bun scripts/check-advisories.ts --update\n",
    );
    return 0;
  }
  const {
    fetchedOn,
    packages: covered,
    advisories,
  } = JSON.parse(readFileSync(copyPath, "utf8")) as PinnedCopy;
  const packages = readLockFile();
  const newer = packages.map(toSpec).filter((spec) => !covered.includes(spec));
  const problems = findAdvisoryProblems(packages, advisories);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(
    `advisories: ${packages.length} packages checked against the copy of ${fetchedOn}, ${newer.length} newer than it, ${problems.length} problems\n`,
  );
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(process.argv.includes("--update") ? update() : check());
