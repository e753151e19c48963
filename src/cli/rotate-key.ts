/** `rotate-key`: everything that is sealed with the server key goes under a new one, while the server is stopped. */
import { loadConfig } from "../config.ts";
import { checkServerKey, writeKeyCheck } from "../db/key-check.ts";
import { openLock } from "../db/lock.ts";
import { openDatabase, requireDatabase } from "../db/open.ts";
import { loadRegistrationKey, writeRegistrationKey } from "../db/registration-key.ts";
import { readKeyRing, saveKeyRing, toKeyFile } from "../key-ring.ts";
import { createLog } from "../log.ts";
import { rotateWrappedKeys } from "../oauth/rotate-wrapped-keys.ts";
import { createSecrets, newKey } from "../secrets.ts";
import type { Terminal } from "./run.ts";

/**
 * With the key in a file we may write: makes a new key, puts it first, moves everything under it, takes the old ones
 * out. With the key in ENCRYPTION_KEY, or a file that is not ours to write: the operator puts the new key first and
 * keeps the old one behind it; this moves everything under the first, and then the old one may go.
 */
export function rotateKey(options: { given?: boolean }, terminal: Terminal): number {
  const config = loadConfig(terminal.env);
  requireDatabase(config.dataDir);
  const lock = openLock(config.dataDir);
  try {
    const { db, close } = openDatabase({ dataDir: config.dataDir });
    try {
      const ring = readKeyRing(config, createLog(config.logLevel));
      const file = options.given ? undefined : toKeyFile(config);
      // The new key is on disk, before the old ones, from before the first row is moved: a crash loses nothing.
      const keys = file === undefined ? ring : [newKey(), ...ring];
      checkServerKey(db, createSecrets(ring));
      if (file !== undefined) saveKeyRing(file, keys);
      const secrets = createSecrets(keys);
      const moved = rotateWrappedKeys(db, secrets);
      writeKeyCheck(db, secrets);
      // Client ids in the world are sealed with this one: it stays, under the new key.
      writeRegistrationKey(db, secrets, loadRegistrationKey(db, secrets));
      terminal.print(`${moved} wrapped keys are under the first key now.`);
      if (file === undefined) {
        terminal.print("The keys behind it are no longer needed; take them out and start the server.");
        return 0;
      }
      saveKeyRing(file, keys.slice(0, 1));
      terminal.print(`${file} holds the new key alone. Back it up, and start the server.`);
      return 0;
    } finally {
      close();
    }
  } finally {
    lock.close();
  }
}
