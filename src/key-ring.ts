/**
 * The server key: a ring of 32-byte keys, whose first seals and all of which unseal.
 *
 * It comes from ENCRYPTION_KEY (comma-separated), or from a file with one key a line: ENCRYPTION_KEY_FILE, or
 * DATA_DIR/server.key, which is made with mode 0600 when it is absent. Keys are hex (64 digits) or base64.
 */
import { chmodSync, chownSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { StartError } from "./errors.ts";
import type { Log } from "./log.ts";
import { newKey } from "./secrets.ts";

type KeySettings = Pick<Config, "dataDir" | "encryptionKey" | "encryptionKeyFile">;

/** Where the ring is kept when it is kept in a file; undefined when it came in ENCRYPTION_KEY. */
export function toKeyFile(config: KeySettings): string | undefined {
  if (config.encryptionKey !== undefined) return undefined;
  return config.encryptionKeyFile ?? join(config.dataDir, "server.key");
}

/** The ring. Makes DATA_DIR/server.key when no key is given anywhere. Throws StartError on a doubtful one. */
export function loadKeyRing(config: KeySettings, log: Log): Buffer[] {
  const file = toKeyFile(config);
  if (file !== undefined && config.encryptionKeyFile === undefined && !existsSync(file)) {
    if (existsSync(join(config.dataDir, "email-connector.db")))
      throw new StartError(
        `${file} is missing, but there is a database that was sealed with it. Put the key back from your backup.`,
      );
    saveKeyRing(file, [newKey()]);
  }
  return readKeyRing(config, log);
}

/** The ring as it is; makes nothing. Throws StartError when it is missing or doubtful. */
export function readKeyRing(config: KeySettings, log: Log): Buffer[] {
  const file = toKeyFile(config);
  if (file === undefined) return toKeys(config.encryptionKey ?? "", "ENCRYPTION_KEY");
  if (!existsSync(file)) {
    const setting = config.encryptionKeyFile === undefined ? "The server key" : "ENCRYPTION_KEY_FILE";
    throw new StartError(`${setting}: ${file} is not there. Make one: openssl rand -hex 32 > ${file}`);
  }
  // A file that systemd or Docker hands in may be open to a group; one that everybody reads is open to too many.
  const tooOpen = config.encryptionKeyFile === undefined ? 0o077 : 0o007;
  if ((statSync(file).mode & tooOpen) !== 0)
    log.warn("key_file_readable_by_others", { reason: `run: chmod 600 ${file}` });
  return toKeys(readText(file), file);
}

/**
 * Writes the ring to its file in one step, mode 0600: a crash leaves the old ring or the new one. It stays its
 * owner's when root writes it. Throws StartError.
 */
export function saveKeyRing(file: string, keys: readonly Uint8Array[]): void {
  const next = `${file}.next`;
  const lines = keys.map((key) => `${Buffer.from(key).toString("hex")}\n`).join("");
  try {
    writeFileSync(next, lines, { mode: 0o600, flush: true });
    chmodSync(next, 0o600);
    const former = existsSync(file) ? statSync(file) : undefined;
    if (former && former.uid !== statSync(next).uid) chownSync(next, former.uid, former.gid);
    renameSync(next, file);
  } catch (cause) {
    throw new StartError(
      `${file} cannot be written. Is it this user's to write, and is there room? For a key from elsewhere there is rotate-key --given.`,
      { cause },
    );
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StartError(`${file} cannot be read by this user. Give it to the user the server runs as.`, {
      cause,
    });
  }
}

/** `text` -> keys; separated by line ends, commas or spaces. `source` is named in the error, the text never is. */
function toKeys(text: string, source: string): Buffer[] {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  if (entries.length === 0)
    throw new StartError(`${source}: holds no key. It must hold 32 bytes: openssl rand -hex 32`);
  return entries.map((entry, index) => {
    const key = /^[0-9a-f]{64}$/i.test(entry) ? Buffer.from(entry, "hex") : Buffer.from(entry, "base64");
    if (key.length !== 32)
      throw new StartError(
        `${source}: key ${index + 1} is ${key.length} bytes, it must be 32, in hex or base64: openssl rand -hex 32`,
      );
    return key;
  });
}
