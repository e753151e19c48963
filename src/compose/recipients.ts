/**
 * Recipients of outgoing email: bare addresses and `Name <address>`, also several with commas, as get_email shows them.
 * A grammar of its own, so that the envelope is exactly what a person reads: `"a@good" <v@evil>`, groups, comments and
 * `b@x\r\nBcc: v@y` are refused.
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

/** Parses the recipients of one argument. Throws invalid_input that names the argument and the position. */
export function requireAddresses(texts: readonly string[], argument: string): Address[] {
  return texts.flatMap((text, index) => {
    const people = splitList(text).map(toPerson);
    const known = people.filter((person) => person !== undefined);
    if (known.length > 0 && known.length === people.length) return known;
    throw new AppError("invalid_input", `\`${argument}\`[${index}] is not an email address.`, {
      hint: "Give recipients as ann@example.org or Ann Lee <ann@example.org>; a name may hold no address.",
    });
  });
}

/**
 * Splits `Ann <a@x>, b@y; Lee, Cy <c@z>` after each address. Mail programs write commas within names, so that what has
 * no address belongs to the next one.
 */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let begun = "";
  for (const piece of text.split(/(?<=[,;])/)) {
    begun += piece;
    const isQuoteOpen = (begun.split('"').length - 1) % 2 === 1;
    if (isQuoteOpen || !begun.includes("@")) continue;
    parts.push(begun.replace(/[,;]$/, ""));
    begun = "";
  }
  return begun.trim() === "" ? parts : [...parts, begun];
}

/** Parses a bare address or `Name <address>`; undefined for anything else. */
function toPerson(text: string): Address | undefined {
  if (/[^\P{C}\u200c\u200d]/u.test(text)) return undefined;
  const [, before, inBrackets] = /^([^<>]*)<([^<>]*)>$/.exec(text.trim()) ?? [];
  const address = toBareAddress(inBrackets ?? text);
  if (!address || before === undefined) return address === undefined ? undefined : { address };
  const written = before
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .replace(/\\(["\\])/g, "$1");
  const name = toDisplayName(written);
  // A name that holds an address would show another recipient than the one it goes to.
  if (written.trim() !== "" && name === undefined) return undefined;
  return name === undefined || written === address ? { address } : { name, address };
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
