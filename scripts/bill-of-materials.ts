/**
 * The software bill of materials of the executable: CycloneDX 1.6 in JSON (ECMA-424), from bun.lock.
 *
 * Written by hand rather than with a CycloneDX library: those read package-lock.json or node_modules, and of the format
 * only these few fields are needed. It has no timestamp and no serial number, so that equal builds give equal files.
 */
import { version } from "../package.json";
import type { LockedPackage } from "./lock-file.ts";

type Component = {
  type: "application" | "library" | "platform";
  "bom-ref": string;
  group?: string;
  name: string;
  version: string;
  purl?: string;
  hashes?: { alg: "SHA-512"; content: string }[];
};

export type BillOfMaterials = {
  bomFormat: "CycloneDX";
  specVersion: "1.6";
  version: 1;
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
};

const ownRef = `email-connector@${version}`;

/** `direct`: names in `dependencies` of package.json. `bunVersion`: of the runtime inside the executable. */
export function toBillOfMaterials(
  packages: readonly LockedPackage[],
  { direct, bunVersion }: { direct: readonly string[]; bunVersion: string },
): BillOfMaterials {
  const production = packages.filter(({ isProduction }) => isProduction);
  const refs = new Map(production.map((each) => [each.key, toPurl(each)]));
  const toRefs = (keys: readonly string[]) => [...new Set(keys.flatMap((key) => refs.get(key) ?? []))].sort();
  // One version may stand at several places of the tree, with other dependencies at each.
  const dependsOn = new Map<string, string[]>();
  for (const each of production) {
    const ref = toPurl(each);
    dependsOn.set(ref, [...new Set([...(dependsOn.get(ref) ?? []), ...toRefs(each.dependencies)])].sort());
  }
  const bunRef = `pkg:github/oven-sh/bun@bun-v${bunVersion}`;
  const components = new Map(production.map((each) => [toPurl(each), toComponent(each)]));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", "bom-ref": ownRef, name: "email-connector", version } },
    components: [
      { type: "platform", "bom-ref": bunRef, name: "bun", version: bunVersion, purl: bunRef },
      ...[...components].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, component]) => component),
    ],
    dependencies: [
      { ref: ownRef, dependsOn: [bunRef, ...toRefs(direct)] },
      { ref: bunRef, dependsOn: [] },
      ...[...dependsOn].sort().map(([ref, refsOfOne]) => ({ ref, dependsOn: refsOfOne })),
    ],
  };
}

function toComponent(each: LockedPackage): Component {
  const purl = toPurl(each);
  const [, group, name = each.name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(each.name) ?? [];
  const [, digest] = /^sha512-(\S+)$/.exec(each.integrity) ?? [];
  return {
    type: "library",
    "bom-ref": purl,
    group,
    name,
    version: each.version,
    purl,
    hashes:
      digest === undefined
        ? undefined
        : [{ alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") }],
  };
}

/** A package URL of type npm: the @ of a scope is percent-encoded. */
function toPurl({ name, version: packageVersion }: LockedPackage): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${packageVersion}`;
}
