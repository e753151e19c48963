/**
 * The certificate on the disk: DATA_DIR/https.sealed, mode 0600, sealed with the server key. It also holds the keys of
 * the certificate and of the ACME account.
 */
import { chmodSync, chownSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Secrets } from "../secrets.ts";

const purpose = "https certificate";

const storedCertificate = z.object({
  /** The account belongs to one authority. */
  directoryUrl: z.string(),
  accountKey: z.string(),
  /** PEM; undefined before the first certificate. */
  certificate: z.object({ chain: z.string(), key: z.string() }).optional(),
});

type StoredCertificate = z.infer<typeof storedCertificate>;

export function toCertificateFile(dataDir: string): string {
  return join(dataDir, "https.sealed");
}

/** Returns undefined when there is no file, or when it was sealed with another server key or is damaged. */
export function readCertificateFile(file: string, secrets: Secrets): StoredCertificate | undefined {
  try {
    return storedCertificate.parse(secrets.unsealValue(purpose, readFileSync(file, "utf8").trim()));
  } catch {
    return undefined;
  }
}

/** Replaces the file atomically: after a crash it holds the old content or the new one. The owner stays the same. */
export function writeCertificateFile(file: string, secrets: Secrets, stored: StoredCertificate): void {
  const next = `${file}.next`;
  writeFileSync(next, `${secrets.sealValue(purpose, stored)}\n`, { mode: 0o600, flush: true });
  chmodSync(next, 0o600);
  const former = existsSync(file) ? statSync(file) : undefined;
  if (former && former.uid !== statSync(next).uid) chownSync(next, former.uid, former.gid);
  renameSync(next, file);
}
