/** Own HTTPS (HTTPS=acme): the parts that get, store and renew the certificate of PUBLIC_URL, put together. */
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { sendToAuthority } from "../outbound/authority-request.ts";
import { newSigningKey, readCertificate, type Secrets } from "../secrets.ts";
import { createAcmeClient, type IssuedCertificate } from "./acme-client.ts";
import { readCertificateFile, toCertificateFile, writeCertificateFile } from "./certificate-file.ts";
import { createCertificateKeeper } from "./certificate-keeper.ts";
import type { Challenges } from "./plain-http.ts";

type CertificatesDeps = {
  config: Pick<Config, "publicUrl" | "dataDir" | "acmeDirectory" | "acmeContact">;
  secrets: Secrets;
  clock: Clock;
  log: Log;
  challenges: Challenges;
  /** Serves a certificate on PORT. Rejects when the listener does not answer with it. */
  serve(certificate: IssuedCertificate): Promise<void>;
};

export type Certificates = ReturnType<typeof createCertificates>;

export function createCertificates({ config, secrets, clock, log, challenges, serve }: CertificatesDeps) {
  const host = new URL(config.publicUrl).hostname;
  const file = toCertificateFile(config.dataDir);
  const found = readCertificateFile(file, secrets);
  const accountKey = found?.directoryUrl === config.acmeDirectory ? found.accountKey : newSigningKey();
  const stored = isServable(found?.certificate, host) ? found?.certificate : undefined;
  const client = createAcmeClient({
    directoryUrl: config.acmeDirectory,
    accountKey,
    contact: config.acmeContact,
    clock,
    send: sendToAuthority,
    sleep: Bun.sleep,
    publish(token, keyAuthorization) {
      challenges.set(token, keyAuthorization);
      return () => challenges.delete(token);
    },
  });
  const keeper = createCertificateKeeper({
    ...{ host, client, clock, log, stored, serve },
    save: (certificate) =>
      writeCertificateFile(file, secrets, { directoryUrl: config.acmeDirectory, accountKey, certificate }),
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  async function checkAndWait(): Promise<void> {
    await keeper.check();
    if (!stopped) timer = setTimeout(checkAndWait, keeper.nextCheckMs());
  }

  return {
    /** The certificate on the disk, of this host; it may have expired: a late renewal must not close the port. */
    stored,

    /** Makes the first check, and goes on until `stop`. Resolves after the first check, also when it failed. */
    start: checkAndWait,

    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },

    check: keeper.check,
    daysLeft: keeper.daysLeft,
    problem: keeper.problem,
  };
}

/** Tells whether a stored certificate is for this host and its key: PUBLIC_URL may have changed. */
function isServable(certificate: IssuedCertificate | undefined, host: string): boolean {
  if (certificate === undefined) return false;
  const facts = readCertificate(certificate.chain);
  return facts.isFor(host) && facts.matchesKey(certificate.key);
}
