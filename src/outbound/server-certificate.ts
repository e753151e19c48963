/**
 * Certificates of servers of one's own network, which no known authority issued. A person accepts one by its
 * fingerprint; from then on only this certificate is accepted for the account.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { MailServer, ServerCertificate } from "../credentials.ts";
import { AppError } from "../errors.ts";

/** Judges the certificate after the handshake and before anything confidential is sent. An error ends the connection. */
export type CertificateJudge = (socket: TLSSocket) => Error | undefined;

/** Maximum number of host names that are shown of a certificate. */
const maxNames = 5;

/**
 * Returns the TLS options of a server. The verification by authorities is turned off only where a judge compares the
 * certificate with the accepted one, which may be expired or be for another name.
 */
export function toTlsOptions(judge: CertificateJudge | undefined) {
  return { rejectUnauthorized: judge === undefined, minVersion: "TLSv1.2" as const };
}

/** Returns the judge of a server's connections: undefined where the authorities that the system knows decide. */
export function createPinJudge({ certificate }: MailServer): CertificateJudge | undefined {
  if (certificate === undefined) return undefined;
  return (socket) =>
    describeCertificate(socket)?.fingerprint === certificate ? undefined : certificateChanged();
}

function certificateChanged(): AppError {
  return new AppError(
    "certificate_changed",
    "The mail server shows another certificate than the accepted one; no password was sent.",
  );
}

/** A judge that keeps the certificate, and whether the authorities know it, and then ends the connection. */
export function createCertificateReader() {
  let certificate: ServerCertificate | undefined;
  const judge: CertificateJudge = (socket) => {
    certificate = describeCertificate(socket);
    return new Error("the certificate was read");
  };
  return { judge, read: () => certificate };
}

export const isTlsSocket = (socket: Socket): socket is TLSSocket => "getPeerX509Certificate" in socket;

/** Describes the certificate of a connection; undefined for a connection without TLS. */
export function describeCertificate(socket: Socket | TLSSocket): ServerCertificate | undefined {
  if (!isTlsSocket(socket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  return {
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    names: readNames(`${certificate.subjectAltName ?? ""}, ${certificate.subject ?? ""}`),
    validTo: new Date(certificate.validTo).getTime(),
    isTrusted: socket.authorized,
  };
}

/**
 * Reads host names and addresses from OpenSSL's text of a certificate. The server chose that text, so that everything
 * that is not a plain name is left out.
 */
function readNames(text: string): string[] {
  const names = text.split(/,|\n/).flatMap((entry) => {
    const [kind = "", name = ""] = entry
      .trim()
      .split(/:(.*)|=(.*)/s)
      .filter((part) => part !== undefined);
    const isName = /^(DNS|IP Address|CN)$/.test(kind) && /^[A-Za-z0-9.*:_-]{1,100}$/.test(name);
    return isName ? [name.toLowerCase()] : [];
  });
  return [...new Set(names)].slice(0, maxNames);
}
