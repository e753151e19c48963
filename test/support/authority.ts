/** A temporary certificate authority, made with openssl, and the certificates that it issues. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { programs } from "./installed.ts";
import { temporaryFolder } from "./temporary.ts";

export type Certificate = { certFile: string; keyFile: string; cert: string; key: string };

export type Authority = {
  /** Path of the authority's own certificate, PEM. */
  certFile: string;
  /** Value of NODE_EXTRA_CA_CERTS for child processes: this authority and the file that the variable already named. */
  bundleFile: string;
  /** Issues a certificate for these host names and IP addresses. A negative `days` makes it expired. */
  issue(options: { hosts: readonly string[]; days?: number }): Certificate;
  /** Makes a self-signed certificate. */
  selfSigned(options: { hosts: readonly string[] }): Certificate;
};

const ipAddress = /^[0-9.]+$|:/;

function openssl(...args: string[]): void {
  if (!programs.openssl) throw new Error("openssl is not installed");
  execFileSync(programs.openssl, args, { stdio: ["ignore", "ignore", "pipe"] });
}

const newEcKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

const toNames = (hosts: readonly string[]) =>
  hosts.map((host) => `${ipAddress.test(host) ? "IP" : "DNS"}:${host}`).join(",");

const readCertificate = (base: string): Certificate => ({
  certFile: `${base}.pem`,
  keyFile: `${base}.key`,
  cert: readFileSync(`${base}.pem`, "utf8"),
  key: readFileSync(`${base}.key`, "utf8"),
});

/** Makes an authority in a temporary folder. This process does not trust it. */
export function createAuthority(name = "email-connector test authority"): Authority {
  const folder = temporaryFolder("authority");
  const certFile = join(folder, "authority.pem");
  const keyFile = join(folder, "authority.key");
  const bundleFile = join(folder, "bundle.pem");
  openssl(
    ...["req", "-x509", ...newEcKey, "-keyout", keyFile, "-out", certFile, "-days", "30"],
    ...["-subj", `/CN=${name}`, "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  );
  const already = process.env.NODE_EXTRA_CA_CERTS ?? "";
  const extra = existsSync(already) ? readFileSync(already, "utf8") : "";
  writeFileSync(bundleFile, `${readFileSync(certFile, "utf8")}\n${extra}`);
  let issued = 0;

  return {
    certFile,
    bundleFile,
    issue({ hosts, days = 20 }) {
      issued += 1;
      const base = join(folder, `host-${issued}`);
      writeFileSync(
        `${base}.ext`,
        `subjectAltName=${toNames(hosts)}\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n`,
      );
      openssl(
        "req",
        ...newEcKey,
        "-keyout",
        `${base}.key`,
        "-out",
        `${base}.csr`,
        "-subj",
        `/CN=${hosts[0]}`,
      );
      openssl(
        ...["x509", "-req", "-in", `${base}.csr`, "-CA", certFile, "-CAkey", keyFile, "-CAcreateserial"],
        ...["-days", String(days), "-out", `${base}.pem`, "-extfile", `${base}.ext`],
      );
      return readCertificate(base);
    },

    selfSigned({ hosts }) {
      issued += 1;
      const base = join(folder, `host-${issued}`);
      openssl(
        ...["req", "-x509", ...newEcKey, "-keyout", `${base}.key`, "-out", `${base}.pem`, "-days", "20"],
        ...["-subj", `/CN=${hosts[0]}`, "-addext", `subjectAltName=${toNames(hosts)}`],
      );
      return readCertificate(base);
    },
  };
}

let trusted: Authority | undefined;

/** Returns the authority of this process, which trusts it from the first call on. */
export function trustedAuthority(): Authority {
  if (trusted) return trusted;
  trusted = createAuthority();
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(trusted.certFile, "utf8")]);
  return trusted;
}
