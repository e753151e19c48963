/**
 * The offer to accept a certificate that no known authority issued: for servers that the operator opened only, never
 * for those of a mail company.
 */
import type { MailServer, ServerCertificate } from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { Outbound } from "../outbound/outbound.ts";
import { findPreset } from "../providers/presets.ts";

type Side = "imap" | "smtp";

/** Fingerprints that the person accepted, as entered; "" for none. */
export type AcceptedCertificates = Record<Side, string>;

/** Certificates that the person can accept. */
export type OfferedCertificates = Partial<Record<Side, ServerCertificate>>;

/** Reads the certificate of a server that the operator opened. Undefined where no TLS connection comes about. */
export type ReadCertificate = (
  side: Side,
  server: MailServer,
  signal: AbortSignal,
) => Promise<ServerCertificate | undefined>;

/** The servers of a login and the provider they belong to. */
type Servers = { provider: string } & Partial<Record<Side, MailServer>>;

export function createCertificateOffers(deps: {
  vetOpened: Outbound["vetOpened"];
  readCertificate?: ReadCertificate | undefined;
}) {
  async function isOffered(provider: string, server: MailServer): Promise<boolean> {
    const preset = findPreset(provider);
    if (preset && !preset.ownServers) return false;
    return deps.vetOpened(server).then(
      () => true,
      (error: unknown) => {
        if (error instanceof AppError) return false;
        throw error;
      },
    );
  }

  return {
    /** Returns a server with the certificate that the person accepted for it, where accepting one is possible. */
    async pin(provider: string, server: MailServer, accepted: string): Promise<MailServer> {
      const certificate = toFingerprint(accepted);
      if (certificate === undefined || !(await isOffered(provider, server))) return server;
      return { ...server, certificate };
    },

    /**
     * Reads the certificates to offer after the login at the `failed` side ended with `error`: none unless it failed
     * for the certificate. One that a known authority issued is offered at that side only.
     */
    async find(
      failed: Side,
      { provider, ...servers }: Servers,
      { error, signal }: { error: unknown; signal: AbortSignal },
    ): Promise<OfferedCertificates> {
      const isCertificate =
        error instanceof AppError && (error.code === "tls_failed" || error.code === "certificate_changed");
      if (!isCertificate) return {};
      const read = async (side: Side) => {
        const server = servers[side];
        if (!server || !(await isOffered(provider, server))) return undefined;
        const certificate = await deps.readCertificate?.(side, server, signal);
        return side !== failed && certificate?.isTrusted ? undefined : certificate;
      };
      const [imap, smtp] = await Promise.all([read("imap"), read("smtp")]);
      return { imap, smtp };
    },
  };
}

/** Reads a fingerprint as people copy it, with colons and in either case. Undefined for anything else. */
function toFingerprint(text: string): string | undefined {
  const digits = text.replaceAll(":", "").trim().toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}
