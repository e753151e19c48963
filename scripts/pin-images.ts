/**
 * Pins the images of the Dockerfile and of Compose by digest, as a release does: a tag can be moved to another image, a
 * digest cannot. Needs docker with buildx, and the network.
 *
 * `bun scripts/pin-images.ts` writes the digests that the tags have now; `--check` only lists images without one, and
 * exits with 1 when there are any. `--list` tells the same in one line and exits with 0, for `bun run check`: between
 * releases the tags stand alone.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const files = ["Dockerfile", "deploy/compose.yaml"].map((path) => join(import.meta.dir, "..", path));

/** FROM of a Dockerfile, image of a Compose file: the name with its tag, and the digest if there is one. */
const imagePattern = /^(FROM |\s+image: )([\w./-]+:[\w.-]+)(@sha256:[0-9a-f]{64})?/gm;

/** Lists the images of a file that have no digest, as `name:tag`. */
export function findUnpinned(text: string): string[] {
  return [...text.matchAll(imagePattern)].flatMap(([, , image = "", digest]) =>
    digest === undefined ? [image] : [],
  );
}

/** One line about the images that the next release has to pin. */
export function describeUnpinned(unpinned: readonly string[]): string {
  const names = [...new Set(unpinned)].join(", ");
  return unpinned.length === 0
    ? "images: all are pinned by digest"
    : `images: not pinned by digest until a release does it (bun scripts/pin-images.ts): ${names}`;
}

/** Writes the digest of each image behind its tag. `digestOf` returns `sha256:…`, and throws where it cannot. */
export function pinImages(text: string, digestOf: (image: string) => string): string {
  return text.replace(
    imagePattern,
    (_, prefix: string, image: string) => `${prefix}${image}@${digestOf(image)}`,
  );
}

/** Asks the image's registry for the digest of its index, which covers all platforms. */
function readDigest(image: string): string {
  const format = "{{.Manifest.Digest}}";
  const run = spawnSync("docker", ["buildx", "imagetools", "inspect", image, "--format", format], {
    encoding: "utf8",
  });
  const digest = (run.stdout ?? "").trim();
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new Error(`${image}: docker gave no digest: ${(run.stderr ?? run.error?.message ?? "").trim()}`);
}

function main(): number {
  const texts = files.map((path) => ({ path, text: readFileSync(path, "utf8") }));
  const unpinned = texts.flatMap(({ text }) => findUnpinned(text));
  if (process.argv.includes("--list")) {
    process.stdout.write(`${describeUnpinned(unpinned)}\n`);
    return 0;
  }
  if (process.argv.includes("--check")) {
    for (const image of unpinned) process.stderr.write(`${image} is not pinned by digest\n`);
    return unpinned.length === 0 ? 0 : 1;
  }
  try {
    // All digests are known before a file changes.
    const pinned = texts.map(({ path, text }) => ({ path, text: pinImages(text, readDigest) }));
    for (const { path, text } of pinned) writeFileSync(path, text);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

if (import.meta.main) process.exit(main());
