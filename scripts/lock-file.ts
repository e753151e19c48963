/** The packages of bun.lock, and which of them the executable contains. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type LockedPackage = {
  /** The place in the tree of packages: names joined by slashes, as bun.lock writes it. */
  key: string;
  name: string;
  version: string;
  /** Subresource Integrity, such as `sha512-…` in base64; empty for a package that is not from the registry. */
  integrity: string;
  /** Keys of the packages that it depends on, each once, sorted. */
  dependencies: readonly string[];
  /** Reachable from `dependencies` in package.json, so that it may be in the executable. */
  isProduction: boolean;
};

type Dependencies = Readonly<Record<string, string>>;
type Details = {
  dependencies?: Dependencies;
  optionalDependencies?: Dependencies;
  peerDependencies?: Dependencies;
};
type LockFile = {
  workspaces: Readonly<Record<string, { dependencies?: Dependencies }>>;
  packages: Readonly<
    Record<string, readonly [spec: string, registry: string, details: Details, integrity: string]>
  >;
};

/** Reads a lock file. `path`: by default the repository's. */
export function readLockFile(path = join(import.meta.dir, "../bun.lock")): LockedPackage[] {
  return parseLockFile(readFileSync(path, "utf8"));
}

/** Parses the text of bun.lock, which is JSON with trailing commas. */
export function parseLockFile(text: string): LockedPackage[] {
  const { workspaces, packages } = Bun.JSONC.parse(text) as LockFile;
  const keys = new Set(Object.keys(packages));
  const dependenciesOf = (key: string) => {
    const { dependencies, optionalDependencies, peerDependencies } = packages[key]?.[2] ?? {};
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    return [...new Set(names.flatMap((name) => resolveKey(keys, key, name) ?? []))].sort();
  };
  const production = new Set<string>();
  const visit = (key: string): void => {
    if (production.has(key)) return;
    production.add(key);
    for (const next of dependenciesOf(key)) visit(next);
  };
  for (const name of Object.keys(workspaces[""]?.dependencies ?? {})) if (keys.has(name)) visit(name);
  return Object.entries(packages).map(([key, [spec, , , integrity = ""]]) => {
    const at = spec.lastIndexOf("@");
    return {
      key,
      name: spec.slice(0, at),
      version: spec.slice(at + 1),
      integrity,
      dependencies: dependenciesOf(key),
      isProduction: production.has(key),
    };
  });
}

/** Finds a dependency as Node does: inside the package, else beside it, else higher up. Undefined: not installed. */
function resolveKey(keys: ReadonlySet<string>, from: string, name: string): string | undefined {
  // A scoped name contains a slash of its own.
  const path = from.match(/@[^/]+\/[^/]+|[^/]+/g) ?? [];
  for (let depth = path.length; depth >= 0; depth--) {
    const key = [...path.slice(0, depth), name].join("/");
    if (keys.has(key)) return key;
  }
  return undefined;
}
