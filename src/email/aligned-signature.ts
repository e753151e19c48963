/** DKIM passes that the receiving server notes (RFC 8601), for the domain of the sender. */
import { domainOfAddress } from "./address-domain.ts";
import { type Header, headerValue, parseAddresses } from "./headers.ts";
import { toOrganizationalDomain } from "./organizational-domain.ts";
import { authenticationServer, withoutCommentsAndStrings } from "./sender-checks.ts";

/** A DKIM result that passes: the domain that signed, and what tells its signature from others. */
type Pass = { domain: string; selector?: string; signature?: string };

/**
 * The domains whose DKIM signature passes by the server `authservId`, in lower case. Only the topmost
 * Authentication-Results counts: that server writes it above all others (RFC 8601 section 5).
 */
function passesBy(headers: readonly Header[], authservId: string): Pass[] {
  const top = headers.find(({ name }) => /^authentication-results$/i.test(name));
  if (!top || authenticationServer(top.value)?.toLowerCase() !== authservId.toLowerCase()) return [];
  return withoutCommentsAndStrings(top.value)
    .split(";")
    .filter((result) => /^\s*dkim\s*=\s*pass(?=\s|$)/i.test(result))
    .flatMap((result): Pass[] => {
      const property = (name: string) =>
        new RegExp(`(?:^|\\s)header\\.${name}\\s*=\\s*([^\\s]+)`, "i").exec(result)?.[1];
      const domain = (property("d") ?? property("i")?.split("@").at(-1) ?? "").toLowerCase();
      return domain === "" ? [] : [{ domain, selector: property("s"), signature: property("b") }];
    });
}

/** True when both domains belong to one organization: the relaxed alignment of RFC 7489 section 3.1.1. */
function isAligned(signed: string, from: string): boolean {
  return toOrganizationalDomain(signed) === toOrganizationalDomain(from);
}

/** True when a signature of `domain`, or of one aligned with it, passes by `authservId`. */
export function passesForDomain(
  headers: readonly Header[],
  domain: string,
  authservId: string | undefined,
): boolean {
  return (
    authservId !== undefined && passesBy(headers, authservId).some((pass) => isAligned(pass.domain, domain))
  );
}

/**
 * True when one DKIM-Signature that is aligned with From and covers these header fields passes by `authservId`
 * (RFC 8058 section 4).
 */
export function coversFields(
  headers: readonly Header[],
  fields: readonly string[],
  authservId: string | undefined,
): boolean {
  const [from, ...others] = parseAddresses(headerValue(headers, "from"));
  const domain = domainOfAddress(from?.address ?? "");
  if (authservId === undefined || !domain || others.length > 0) return false;
  const passes = passesBy(headers, authservId).filter((pass) => isAligned(pass.domain, domain));
  return headers
    .filter(({ name }) => /^dkim-signature$/i.test(name))
    .map(({ value }) => toTags(value))
    .some((tags) => {
      const signed = (tags.get("h") ?? "").toLowerCase().split(":");
      return fields.every((field) => signed.includes(field)) && passes.some((pass) => isOf(pass, tags));
    });
}

/** True when a result is about this signature. */
function isOf({ domain, selector, signature }: Pass, tags: ReadonlyMap<string, string>): boolean {
  return (
    tags.get("d")?.toLowerCase() === domain &&
    (selector === undefined || tags.get("s")?.toLowerCase() === selector.toLowerCase()) &&
    // RFC 6008: the first characters of the signature.
    (signature === undefined || (tags.get("b") ?? "").startsWith(signature.replace(/^"|"$/g, "")))
  );
}

/** The tags of a DKIM-Signature without white space (RFC 6376 section 3.2). */
function toTags(value: string): Map<string, string> {
  return new Map(
    value.split(";").flatMap((tag) => {
      const at = tag.indexOf("=");
      return at < 0
        ? []
        : [[tag.slice(0, at).trim().toLowerCase(), tag.slice(at + 1).replace(/\s+/g, "")] as const];
    }),
  );
}
