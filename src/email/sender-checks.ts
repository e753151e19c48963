/** What the receiving server found out about the sender, and what should make a reader careful. */

import { type Header, headerValue, parseAddresses } from "./headers.ts";

/** The methods of RFC 8601 section 2.7 that say whether the sender is who he says, and what they may say. */
const methods = ["spf", "dkim", "dmarc"] as const;
const verdicts = ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy"];

type Checks = { by?: string; found: Partial<Record<(typeof methods)[number], string>>; confirmed: boolean };

/**
 * Only the topmost Authentication-Results counts: the receiving server writes it above everything that came in,
 * and the sender may have written any below it (RFC 8601 section 5).
 */
export function toSenderChecks(headers: readonly Header[]): SenderChecks {
  const checks = toChecks(headers);
  const doubt =
    checks && !checks.confirmed
      ? ["Nothing shows that the sender checks come from your own mail server."]
      : [];
  return {
    ...checks?.found,
    ...(checks?.by ? { by: checks.by } : {}),
    warnings: [...doubt, ...unchecked(headers, checks), ...warnings(headers)],
  };
}

/** Of an email that came in: silence would read as a pass. One's own drafts and copies have been nowhere. */
function unchecked(headers: readonly Header[], checks: Checks | undefined): string[] {
  const cameIn = headers.some(({ name }) => /^received$/i.test(name));
  const known = Object.keys(checks?.found ?? {}).length > 0;
  return cameIn && !known ? ["No check of the sender (SPF, DKIM, DMARC) is noted on it."] : [];
}

function toChecks(headers: readonly Header[]): Checks | undefined {
  const trace = headers.filter(({ name }) => /^(authentication-results|received)$/i.test(name));
  const isResult = ({ name }: Header) => /^authentication-results$/i.test(name);
  const first = trace.findIndex(isResult);
  const top = trace[first];
  if (!top) return undefined;
  const by = serverOf(top.value);
  const rest = trace.slice(first + 1);
  const end = rest.findIndex((header) => !isResult(header));
  // iCloud writes one header for each method, directly below each other. Anywhere else the next one may be forged.
  const alike = isIcloud(by)
    ? rest.slice(0, end < 0 ? rest.length : end).filter(({ value }) => isIcloud(serverOf(value)))
    : [];
  const found: Checks["found"] = {};
  for (const { value } of [top, ...alike])
    for (const method of methods) {
      const verdict = verdictOf(value, method);
      if (verdict) found[method] ??= verdict;
    }
  return {
    ...(by ? { by } : {}),
    found,
    confirmed: isConfirmed(by, trace.slice(0, first), rest[Math.max(end, 0)]),
  };
}

const isIcloud = (host: string | undefined) => /(^|\.)icloud\.com$/i.test(host ?? "");

/**
 * Without comments, nested ones too, and quoted strings, also in comments (RFC 8601 section 2.2): both may hold what
 * the sender wrote, such as the address `"x;dkim=pass"@evil.example`. What is not closed takes the rest with it.
 */
function withoutAsides(value: string): string {
  let bare = "";
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < value.length; at += 1) {
    const letter = value.charAt(at);
    if (letter === "\\") at += 1;
    else if (letter === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (letter === "(") depth += 1;
    else if (letter === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) bare += letter;
    if (depth > 0 && !bare.endsWith(" ")) bare += " ";
  }
  return bare;
}

/** The authserv-id; Microsoft's servers write none. */
function serverOf(value: string): string | undefined {
  const id = /^\s*([^\s;]+)/.exec(withoutAsides(value))?.[1];
  return id?.includes("=") ? undefined : id;
}

function verdictOf(value: string, method: string): string | undefined {
  const said = [
    ...`;${withoutAsides(value)}`.matchAll(new RegExp(`;\\s*${method}\\s*=\\s*([a-z]+)(?=[\\s;]|$)`, "gi")),
  ]
    .map((match) => (match[1] ?? "").toLowerCase())
    .filter((verdict) => verdicts.includes(verdict));
  // Several signatures: one that passes is enough (RFC 6376 section 6.1). Of the others there is one, or doubt.
  if (method === "dkim" && said.includes("pass")) return "pass";
  return said.find((verdict) => verdict !== "pass") ?? said[0];
}

const domainOf = (host: string) => host.toLowerCase().split(".").slice(-2).join(".");

/**
 * Whether the checks were made by a server that took the email in: it stands above every Received, or has the domain
 * of one that wrote a Received above it or directly below.
 */
function isConfirmed(by: string | undefined, above: readonly Header[], below: Header | undefined): boolean {
  if (above.length === 0) return true;
  const hosts = [...above, ...(below ? [below] : [])].map(
    ({ value }) => /\bby\s+([^\s;()]+)/i.exec(value)?.[1] ?? "",
  );
  return hosts.some((host) => domainOf(host) === domainOf(by ?? "x.outlook.com"));
}

function warnings(headers: readonly Header[]): string[] {
  const from = parseAddresses(headerValue(headers, "from"));
  const replyTo = parseAddresses(headerValue(headers, "reply-to"));
  const own = new Set(from.map(({ address }) => address.toLowerCase()));
  const found: string[] = [];
  for (const { name, address } of from) {
    const inName = /[^\s<>"'()]+@[^\s<>"'()]+\.[^\s<>"'()]+/.exec(name?.slice(0, 500) ?? "")?.[0];
    if (inName && inName.toLowerCase() !== address.toLowerCase())
      found.push("The sender's display name contains an address that is not the sender's.");
  }
  if (from.length > 1) found.push("It names several senders.");
  if (from.length === 0) found.push("It names no sender.");
  if (replyTo.some(({ address }) => address !== "" && !own.has(address.toLowerCase())))
    found.push("Replies go to another address than the sender's (Reply-To).");
  return found;
}

/** What the receiving server found out about the sender, and what should make a reader careful. */
export type SenderChecks = {
  spf?: string;
  dkim?: string;
  dmarc?: string;
  /** Who says so: the authserv-id of the topmost Authentication-Results. */
  by?: string;
  /** Our words. */
  warnings: string[];
};
