/**
 * Everything the product printed or logged, in whichever test, and every data folder: searched at the end (in a worker
 * of `--parallel`: after each file) for secrets. The kit's passwords, addresses, tokens and codes have shapes that
 * nothing else has.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A word for subjects, bodies, names and queries that must not appear in a log or database. */
export const canaryWord = "canary-5f1e";

/** The shapes of secrets. */
const canaries: Readonly<Record<string, RegExp>> = {
  "a password": /pw-[0-9a-f]{18}/,
  "an address": /user-[0-9a-f]{10}(@|%40)example\.test/,
  "words of an email": new RegExp(canaryWord),
  // An access or refresh token or a session id (64), a code (48); grants and requests have shorter ids.
  "a token or a code": /(?<![0-9a-f])([0-9a-f]{64}|[0-9a-f]{48})(?![0-9a-f])/,
};

/** In a database a token-like run of characters may be anything: keys and hashes are bytes or base64url there. */
const inDatabases: readonly string[] = ["a password", "an address", "words of an email"];

const outputs: string[] = [];
const dataDirs = new Set<string>();

/** For the kit: records what a product, in this process or another, printed or logged. */
export function recordOutput(text: string): void {
  outputs.push(text);
}

/** For the kit: records where a product keeps its data. */
export function recordDataDir(folder: string): void {
  dataDirs.add(folder);
}

export const countRecorded = () => ({ pieces: outputs.length, folders: dataDirs.size });

/** For the kit: forgets what was recorded, once it has been searched. */
export function forgetRecorded(): void {
  outputs.length = 0;
  dataDirs.clear();
}

/** The canaries of these names in `text`, each as its name and the text before it, without the secret itself. */
function findIn(text: string, names: readonly string[], where: string): string[] {
  return names.flatMap((name) => {
    const at = canaries[name]?.exec(text);
    if (!at) return [];
    const around = text.slice(Math.max(0, at.index - 120), at.index).replace(/[^\x20-\x7e]+/g, " ");
    return [`${name} in ${where}, after: ${around}`];
  });
}

/** The canaries in a piece of output. */
export function findCanariesIn(text: string): string[] {
  // The text printed at the first start holds the client secret, on purpose; a log line never does.
  const names = Object.keys(canaries).filter((name) => text.startsWith("{") || name !== "a token or a code");
  return findIn(text, names, "the output");
}

/** The canaries in everything recorded so far; empty when no secret was logged or stored. */
export function findCanaries(): string[] {
  const inFiles = [...dataDirs]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /\.db/.test(name))
        .flatMap((name) => findIn(readFileSync(join(folder, name)).toString("latin1"), inDatabases, name)),
    );
  return [...outputs.flatMap(findCanariesIn), ...inFiles];
}
