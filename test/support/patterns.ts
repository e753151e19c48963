/** The regular expressions of src, and the judgment of recheck: none may take polynomial or exponential time. */
import { readFiles } from "../../scripts/source-files.ts";

export type Pattern = { path: string; whole: string; source: string; flags: string };

const literal =
  /(?<![\w)\]*/])\/((?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)(?=[\s.,;)\]}:?]|$)/gm;
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");

export const patterns: readonly Pattern[] = readFiles("src/**/*.{ts,tsx}").flatMap(({ path, text }) =>
  [...withoutComments(text).matchAll(literal)].map(([whole, source = "", flags = ""]) => ({
    path,
    whole,
    source,
    flags,
  })),
);

/**
 * Beginnings of patterns that take recheck a second, because it counts through their repetitions; they are checked in
 * test/more/patterns.test.ts alone.
 */
export const slowToCheck: readonly string[] = [
  String.raw`/^\s*[a-z]{4}(?:[ \u00a0][a-z]{4}){3}`,
  String.raw`/^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/`,
  String.raw`/^\s*<(?:!doctype|html|body|div|p|table`,
  String.raw`/^[\w.@+%-]{1,200}$/`,
  String.raw`/<[^<>\s\p{Cc}]{1,250}>/gu`,
  String.raw`/^(?!.*\p{Default_Ignorable_Code_Point})`,
  String.raw`/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+`,
  "/^[0-9a-f]{64}$/i",
  String.raw`/(?<!\/)\/+$/`,
  String.raw`/(display\s*:\s*none|visibility\s*:\s*hidden)/i`,
  String.raw`/^(\xef\xbb\xbf)?\s*<(\?xml|office:document)\b/`,
  "/<office:binary-data>",
  String.raw`/\/Length\s+(\d{1,10})`,
  String.raw`/HYPERLINK\s+"([^"]+)"/`,
  String.raw`/ ?\[(note|comment|deleted|inserted`,
  String.raw`/\\([a-z]{1,32})(-?\d{1,10})? ?`,
  String.raw`/(?<!\d)(\d+)\.xml$/`,
  String.raw`/^.*Microsoft Mail v3\.0 /`,
  String.raw`/(\d{1,2})[\s-]+([A-Za-z]{3})`,
  String.raw`/<\s*((?:https?|mailto):[^<>\s]+)\s*>/gi`,
  String.raw`/^[\w-]{1,255}$/`,
  String.raw`/<[^<>\s]{1,500}>/g`,
  String.raw`/^https:\/\/[a-z0-9]+\.safelinks`,
  "/^(NoConnection|EConnectionClosed",
  String.raw`/^[\p{L}\p{N} ._/&+()[\]-]{1,60}$/u`,
  "/^Bearer +(",
  "/^Basic +(",
  "/^['",
  "/-----[A-Z0-9 #]{1,40}-----/g",
  "/<(br|p|b|i|u|a|ul|ol|li|div",
  String.raw`/^[^\p{L}\p{N}_]*(on|am|le`,
  "/^-----BEGIN PGP (SIGNED MESSAGE",
  String.raw`/<?\bhttps?:\/\/[^\s<>"]+>?/gi`,
  "/(?<!=)=+$/",
];

const startsWithAny = (whole: string, starts: readonly string[]) =>
  starts.some((start) => whole.startsWith(start));

/** The patterns, without those that begin as one of `omitted`, that are not proven to be linear. */
export async function findUnproven(
  some: readonly Pattern[],
  omitted: readonly string[],
): Promise<{ path: string; whole: string; status: string }[]> {
  // The backend without Java.
  process.env.RECHECK_BACKEND = "pure";
  const { checkSync } = await import("recheck");
  return some
    .filter(({ whole }) => !startsWithAny(whole, omitted))
    .map(({ path, whole, source, flags }) => ({
      path,
      whole,
      status: checkSync(source, flags.replace("v", "u"), { timeout: 30_000 }).status,
    }))
    .filter(({ status }) => status !== "safe");
}

/** The digests of patterns that were proven before, one a line; written by scripts/prove-patterns.ts. */
export const provenFile = "test/safety/proven-patterns.txt";

/** A digest of a pattern with its flags. */
export const toDigest = ({ whole }: Pick<Pattern, "whole">): string => Bun.hash(whole).toString(36);
