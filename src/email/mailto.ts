/** The mailto: target of List-Unsubscribe (RFC 6068), as far as an email may be written from it. */

export type Mailto = { address: string; subject: string; body: string };

const maxCharacters = 200;

/**
 * Parses a mailto: URL with exactly one address and no other fields than subject and body, of 200 characters each.
 * Undefined for any other: a list must not choose further recipients or headers.
 */
export function parseMailto(target: string): Mailto | undefined {
  const match = /^mailto:([^?#]*)(?:\?([^#]*))?$/i.exec(target.trim());
  if (!match) return undefined;
  const address = decode(match[1] ?? "");
  const fields = (match[2] ?? "").split("&").filter((field) => field !== "");
  const values = new Map<string, string>();
  for (const field of fields) {
    const at = field.indexOf("=");
    const name = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    const value = at < 0 ? "" : decode(field.slice(at + 1));
    if (value === undefined || values.has(name) || !["subject", "body"].includes(name)) return undefined;
    if (value.length > maxCharacters || /[^\P{Cc}\r\n]/u.test(value)) return undefined;
    values.set(name, value);
  }
  const subject = values.get("subject") ?? "";
  if (!address || /[,;\s<>]/.test(address) || address.split("@").length !== 2) return undefined;
  return /[\r\n]/.test(subject) ? undefined : { address, subject, body: values.get("body") ?? "" };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
