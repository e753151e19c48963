/** `rotate-key`: seals everything with a new server key, while the server is stopped. */
import type { Database } from "../db/database.ts";
import { checkServerKey, writeKeyCheck } from "../db/key-check.ts";
import { openLock } from "../db/lock.ts";
import { openStore, requireDatabase } from "../db/open.ts";
import { loadRegistrationKey, writeRegistrationKey } from "../db/registration-key.ts";
import { StartError } from "../errors.ts";
import { readCertificateFile, toCertificateFile, writeCertificateFile } from "../https/certificate-file.ts";
import { readKeyRing, saveKeyRing, toKeyFile } from "../key-ring.ts";
import { createLog } from "../log.ts";
import { rotateWrappedKeys } from "../oauth/rotate-wrapped-keys.ts";
import { createSecrets, newKey } from "../secrets.ts";
import { loadCommandConfig } from "./command-config.ts";
import type { Terminal } from "./terminal.ts";

/** Throws StartError while other machines serve with the keys that are to be replaced; lock.ts sees this one only. */
export async function requireNoReplicas(db: Database): Promise<void> {
  const living = db.replica.isShared ? await db.replica.countLiving(db) : 0;
  if (living > 0)
    throw new StartError(
      `Replicas that are running: ${living}. Stop them all, wait 15 seconds, and run rotate-key again.`,
    );
}

/**
 * With the ring in a writable file: adds a new key at its front, seals everything with it, and removes the old keys.
 * With the ring in ENCRYPTION_KEY or in a read-only file (`given`): the operator has put the new key in front of the
 * old one; everything is sealed with the first key, after which the operator can remove the old one.
 */
export async function rotateKey(options: { given?: boolean }, terminal: Terminal): Promise<number> {
  const config = loadCommandConfig(terminal);
  requireDatabase(config);
  const lock = openLock(config.dataDir);
  try {
    const { db, close } = await openStore(config);
    try {
      await requireNoReplicas(db);
      const ring = readKeyRing(config, createLog(config.logLevel, terminal.writeLog));
      const file = options.given ? undefined : toKeyFile(config);
      // The new key is on disk before the first row is sealed with it, so that a crash loses nothing.
      const keys = file === undefined ? ring : [newKey(), ...ring];
      await checkServerKey(db, createSecrets(ring));
      if (file !== undefined) saveKeyRing(file, keys);
      const secrets = createSecrets(keys);
      const moved = await rotateWrappedKeys(db, secrets);
      await writeKeyCheck(db, secrets);
      const certificateFile = toCertificateFile(config.dataDir);
      const certificate = readCertificateFile(certificateFile, secrets);
      if (certificate) writeCertificateFile(certificateFile, secrets, certificate);
      // Client ids in use are sealed with this key: it stays the same, sealed with the new server key.
      await writeRegistrationKey(db, secrets, await loadRegistrationKey(db, secrets));
      terminal.print(`${moved} wrapped keys are sealed with the first key now.`);
      if (file === undefined) {
        terminal.print("The other keys are no longer needed; remove them and start the server.");
        return 0;
      }
      saveKeyRing(file, keys.slice(0, 1));
      terminal.print(`${file} holds only the new key. Back it up, and start the server.`);
      return 0;
    } finally {
      await close();
    }
  } finally {
    lock.close();
  }
}
