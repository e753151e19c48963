/** Pinning the images of the Dockerfile and of Compose by digest. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeUnpinned, findUnpinned, pinImages } from "../../scripts/pin-images.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

test("Each image gets the digest of its tag, and an older digest is replaced", () => {
  const dockerfile = `FROM oven/bun:1.4.5-debian AS build\nCOPY a b\nFROM debian:12-slim@${digest("0")}\n`;
  const compose = "  caddy:\n    image: caddy:2\n";
  expect(findUnpinned(dockerfile + compose)).toEqual(["oven/bun:1.4.5-debian", "caddy:2"]);
  const digests: Record<string, string> = {
    "oven/bun:1.4.5-debian": digest("a"),
    "debian:12-slim": digest("b"),
    "caddy:2": digest("c"),
  };
  const pin = (text: string) => pinImages(text, (image) => digests[image] ?? "");
  expect(pin(dockerfile)).toBe(
    `FROM oven/bun:1.4.5-debian@${digest("a")} AS build\nCOPY a b\nFROM debian:12-slim@${digest("b")}\n`,
  );
  expect(pin(compose)).toBe(`  caddy:\n    image: caddy:2@${digest("c")}\n`);
  expect(findUnpinned(pin(dockerfile + compose))).toEqual([]);
});

test("Every image of the Dockerfile and of Compose is one that can be pinned", () => {
  const text = ["Dockerfile", "deploy/compose.yaml"]
    .map((path) => readFileSync(join(import.meta.dir, "../..", path), "utf8"))
    .join("\n");
  const pinned = pinImages(text, () => digest("f"));
  const images = [...text.matchAll(/^(?:FROM|\s+image:) /gm)];
  expect(images.length).toBe(3);
  expect(pinned.split(digest("f")).length - 1).toBe(images.length);
});

test("`bun run check` names the images that a release has to pin, each once", () => {
  expect(describeUnpinned(["debian:12", "caddy:2", "debian:12"])).toEndWith(": debian:12, caddy:2");
  expect(describeUnpinned([])).toBe("images: all are pinned by digest");
});
