/**
 * Everything the product said in this run, from whichever test, and every folder it kept data in: searched at the end
 * for what must be in neither. The kit's passwords, addresses, tokens and codes have shapes nothing else has.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A word for subjects, bodies, names and queries of a test that wants to see none of them again. */
export const canaryWord = "canary-5f1e";

/** What must be said nowhere. */
const canaries: Readonly<Record<string, RegExp>> = {
  "a password": /pw-[0-9a-f]{18}/,
  "an address": /user-[0-9a-f]{10}(@|%40)example\.test/,
  "words of an email": new RegExp(canaryWord),
  // An access or refresh token or a session id (64), a code (48); grants and requests have shorter ids.
  "a token or a code": /(?<![0-9a-f])([0-9a-f]{64}|[0-9a-f]{48})(?![0-9a-f])/,
};

/** In a database a token-like run of letters may be anything: keys and hashes are bytes or base64url there. */
const inDatabases: readonly string[] = ["a password", "an address", "words of an email"];

const said: string[] = [];
const dataDirs = new Set<string>();

/** For the kit: what a product, in this process or another, printed or logged. */
export function noteOutput(text: string): void {
  said.push(text);
}

/** For the kit: where a product keeps its data. */
export function noteDataDir(folder: string): void {
  dataDirs.add(folder);
}

export const amountNoted = () => ({ pieces: said.length, folders: dataDirs.size });

/** `text` with what canaries of these names it holds, each as name and place, without the secret itself. */
function findIn(text: string, names: readonly string[], where: string): string[] {
  return names.flatMap((name) => {
    const at = canaries[name]?.exec(text);
    if (!at) return [];
    const around = text.slice(Math.max(0, at.index - 120), at.index).replace(/[^\x20-\x7e]+/g, " ");
    return [`${name} in ${where}, after: ${around}`];
  });
}

/** What a piece of output holds. */
export function findCanariesIn(text: string): string[] {
  // What a person is told at the first start holds the client secret, on purpose; a log line never does.
  const names = Object.keys(canaries).filter((name) => text.startsWith("{") || name !== "a token or a code");
  return findIn(text, names, "the output");
}

/** What of all that was noted so far holds a canary: empty when all is well. */
export function findCanaries(): string[] {
  const inFiles = [...dataDirs]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /\.db/.test(name))
        .flatMap((name) => findIn(readFileSync(join(folder, name)).toString("latin1"), inDatabases, name)),
    );
  return [...said.flatMap(findCanariesIn), ...inFiles];
}
