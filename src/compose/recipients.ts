/**
 * Recipients of outgoing email: single bare addresses, each validated, so that the envelope is exactly what was
 * requested. Address lists are never parsed: `"a@good" <v@evil>` and `b@x\r\nBcc: v@y` are refused.
 */
import { domainToASCII } from "node:url";
import type { Address } from "../email/address.ts";
import { AppError } from "../errors.ts";

/** Recipients of one email in to, cc and bcc together. */
export const maxRecipients = 20;

/**
 * RFC 5321 dot-string, with the letters and digits of every script (RFC 6531), but no invisible characters: the address
 * that a person sees is the one used. Quoted local parts are refused: they are practically only used in attacks.
 */
const localPart =
  /^(?!.*\p{Default_Ignorable_Code_Point})(?!\p{M})[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.(?!\p{M})[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const domainName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Parses a bare address. Returns it with its domain in ASCII (IDNA), or undefined for anything else. */
export function toBareAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf("@");
  // RFC 6532 section 3.1: NFC, so that equal looking addresses are equal.
  const local = trimmed.slice(0, at).normalize("NFC");
  const domain = domainToASCII(trimmed.slice(at + 1));
  if (at < 1 || Buffer.byteLength(local) > 64 || trimmed.length > 254) return undefined;
  return localPart.test(local) && domainName.test(domain) ? `${local}@${domain}` : undefined;
}

/** Parses the addresses of one argument. Throws invalid_input that names the argument and the position. */
export function requireAddresses(texts: readonly string[], argument: string): Address[] {
  return texts.map((text, index) => {
    const address = toBareAddress(text);
    if (address) return { address };
    throw new AppError("invalid_input", `\`${argument}\`[${index}] is not a single email address.`, {
      hint: "Give each recipient as a bare address such as ann@example.org: no name, no list, no angle brackets.",
    });
  });
}

/** Removes repeated addresses across several lists; the first occurrence stays. */
export function withoutRepeats(lists: readonly (readonly Address[])[]): Address[][] {
  const seen = new Set<string>();
  return lists.map((list) =>
    list.filter(({ address }) => {
      const key = address.toLowerCase();
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    }),
  );
}

/** Returns the envelope, every recipient once. Throws too_large above `maxRecipients`. */
export function requireRecipientCount(people: readonly Address[]): string[] {
  const recipients = [...new Map(people.map(({ address }) => [address.toLowerCase(), address])).values()];
  if (recipients.length <= maxRecipients) return recipients;
  throw new AppError(
    "too_large",
    `This email has ${recipients.length} recipients; at most ${maxRecipients} are allowed.`,
    { hint: "Send it to fewer people; nothing was sent." },
  );
}

/**
 * Cleans a display name of a received email for a header of an outgoing one. Undefined when nothing is left, or when
 * the name contains an address, which would mislead.
 */
export function toDisplayName(name: string | undefined): string | undefined {
  const clean = name
    ?.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 100);
  return clean && !clean.includes("@") ? clean : undefined;
}
