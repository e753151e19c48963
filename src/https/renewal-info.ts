/** ACME renewal information (RFC 9773): when the authority wants a certificate to be renewed. */
import { z } from "zod";
import type { CertificateFacts } from "../secrets.ts";
import { decode, decodeAll, objectIdentifier } from "./der.ts";

/** An authority's suggestion, in milliseconds since the epoch. */
export type RenewalWindow = { startsAt: number; endsAt: number };

const authorityKeyIdentifier = objectIdentifier("2.5.29.35");

/**
 * Returns the unique identifier of a certificate (RFC 9773 section 4.1): its authority key identifier and its serial
 * number, each in base64url. Undefined when it has no authority key identifier.
 */
export function toCertificateId({
  der,
  serial,
}: Pick<CertificateFacts, "der" | "serial">): string | undefined {
  const keyIdentifier = findKeyIdentifier(der);
  if (keyIdentifier === undefined) return undefined;
  const hex = serial.length % 2 === 0 ? serial : `0${serial}`;
  const bytes = Buffer.from(hex, "hex");
  // The DER of a positive integer whose first bit is set begins with a zero byte.
  const integer = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return `${keyIdentifier.toString("base64url")}.${integer.toString("base64url")}`;
}

/** Finds keyIdentifier, [0] in the extension's sequence (RFC 5280 section 4.2.1.1). */
function findKeyIdentifier(der: Buffer): Buffer | undefined {
  const at = der.indexOf(authorityKeyIdentifier);
  if (at < 0) return undefined;
  try {
    const octets = decode(der, at + authorityKeyIdentifier.length);
    return decodeAll(decode(octets.content).content).find(({ tag }) => tag === 0x80)?.content;
  } catch {
    return undefined;
  }
}

const isoTime = z.string().transform((text) => Date.parse(text));
const renewalInfo = z.object({
  suggestedWindow: z.object({ start: isoTime, end: isoTime }),
});

/** Reads a renewalInfo object (RFC 9773 section 4.2). Undefined when it is not valid: then it is ignored. */
export function readRenewalInfo(json: unknown): RenewalWindow | undefined {
  const parsed = renewalInfo.safeParse(json);
  if (!parsed.success) return undefined;
  const { start, end } = parsed.data.suggestedWindow;
  return start < end ? { startsAt: start, endsAt: end } : undefined;
}
