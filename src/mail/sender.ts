/** What the receiving server found out about the sender, and what should make a reader careful. */
import { type Header, headerValue, toAddresses } from "./headers.ts";
import type { SenderVerdicts } from "./reading.ts";

/** The methods of RFC 8601 section 2.7 that say whether the sender is who he says. */
const methods = ["spf", "dkim", "dmarc"] as const;

/**
 * Only the topmost Authentication-Results counts: the receiving server writes it above everything that came in,
 * and the sender may have written any below it (RFC 8601 section 5).
 */
export function toVerdicts(headers: readonly Header[]): SenderVerdicts {
  return { ...results(headerValue(headers, "authentication-results")), warnings: warnings(headers) };
}

function results(value: string | undefined): Omit<SenderVerdicts, "warnings"> {
  if (!value) return {};
  const bare = value.replace(/\([^()]*\)/g, " ");
  const by = /^\s*([^\s;]+)/.exec(bare)?.[1];
  const found: Omit<SenderVerdicts, "warnings"> = by ? { by } : {};
  for (const method of methods) {
    const all = [...bare.matchAll(new RegExp(`[;\\s]${method}\\s*=\\s*([a-z]+)`, "gi"))].flatMap((match) =>
      match[1] ? [match[1].toLowerCase()] : [],
    );
    // Several signatures: one that passes is enough (RFC 6376 section 6.1).
    const verdict = all.includes("pass") ? "pass" : all[0];
    if (verdict) found[method] = verdict;
  }
  return found;
}

function warnings(headers: readonly Header[]): string[] {
  const from = toAddresses(headerValue(headers, "from"));
  const replyTo = toAddresses(headerValue(headers, "reply-to"));
  const own = new Set(from.map(({ address }) => address.toLowerCase()));
  const found: string[] = [];
  for (const { name, address } of from) {
    const inName = /[^\s<>"'()]+@[^\s<>"'()]+\.[^\s<>"'()]+/.exec(name ?? "")?.[0];
    if (inName && inName.toLowerCase() !== address.toLowerCase())
      found.push("The sender's display name contains an address that is not the sender's.");
  }
  if (from.length > 1) found.push("It names several senders.");
  if (from.length === 0) found.push("It names no sender.");
  if (replyTo.some(({ address }) => address !== "" && !own.has(address.toLowerCase())))
    found.push("Replies go to another address than the sender's (Reply-To).");
  return found;
}
