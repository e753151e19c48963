/**
 * The server key: a ring of 32-byte keys. The first key seals, all keys unseal.
 *
 * The ring is read from ENCRYPTION_KEY (comma-separated) or from a file with one key per line: ENCRYPTION_KEY_FILE, or
 * DATA_DIR/server.key, which is created with mode 0600 when absent. Keys are in hex (64 digits) or base64.
 */
import { chmodSync, chownSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { StartError } from "./errors.ts";
import type { Log } from "./log.ts";
import { newKey } from "./secrets.ts";

type KeySettings = Pick<Config, "dataDir" | "encryptionKey" | "encryptionKeyFile">;

/** Returns the path of the ring; undefined when ENCRYPTION_KEY holds it. */
export function toKeyFile(config: KeySettings): string | undefined {
  if (config.encryptionKey !== undefined) return undefined;
  return config.encryptionKeyFile ?? join(config.dataDir, "server.key");
}

/**
 * Reads the ring. Creates DATA_DIR/server.key when no key is configured. Throws StartError when a key is invalid, or
 * when the file is missing although a database exists.
 */
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

/** Reads the ring and creates nothing. Throws StartError when it is missing or invalid. */
export function readKeyRing(config: KeySettings, log: Log): Buffer[] {
  const file = toKeyFile(config);
  if (file === undefined) return parseKeys(config.encryptionKey ?? "", "ENCRYPTION_KEY");
  if (!existsSync(file)) {
    const setting = config.encryptionKeyFile === undefined ? "The server key" : "ENCRYPTION_KEY_FILE";
    throw new StartError(`${setting}: ${file} does not exist. Create it: openssl rand -hex 32 > ${file}`);
  }
  // A file from systemd or Docker may be readable by a group, but never by everybody.
  const forbiddenMode = config.encryptionKeyFile === undefined ? 0o077 : 0o007;
  if ((statSync(file).mode & forbiddenMode) !== 0)
    log.warn("key_file_readable_by_others", { reason: `run: chmod 600 ${file}` });
  return parseKeys(readText(file), file);
}

/**
 * Replaces the ring's file atomically, with mode 0600: after a crash it holds the old ring or the new one. The owner
 * stays the same when root writes it. Throws StartError.
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
      `${file} cannot be written. May this user write it, and is there free space? For a key that is kept elsewhere use rotate-key --given.`,
      { cause },
    );
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StartError(
      `${file} cannot be read by this user. Change its owner to the user the server runs as.`,
      {
        cause,
      },
    );
  }
}

/**
 * Parses keys separated by line ends, commas or spaces. `source` is named in the StartError, the text never is.
 */
function parseKeys(text: string, source: string): Buffer[] {
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
