/** Sender authentication as the receiving server reports it, and warnings about misleading headers. */

import { type Header, headerValue, parseAddresses } from "./headers.ts";

/** Authentication methods and results of RFC 8601 section 2.7. */
const methods = ["spf", "dkim", "dmarc"] as const;
const verdicts = ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy"];

type Results = {
  by?: string;
  verdicts: Partial<Record<(typeof methods)[number], string>>;
  confirmed: boolean;
};

/**
 * Evaluates the headers of a received email. Only the topmost Authentication-Results counts: the receiving server
 * writes it above all others, and the sender may have written those below (RFC 8601 section 5).
 */
export function toSenderChecks(headers: readonly Header[]): SenderChecks {
  const results = toResults(headers);
  const doubt =
    results && !results.confirmed
      ? ["Nothing shows that the sender checks come from your own mail server."]
      : [];
  return {
    ...results?.verdicts,
    by: results?.by || undefined,
    warnings: [...doubt, ...missingChecks(headers, results), ...headerWarnings(headers)],
  };
}

/** A received email without results gets a warning, since silence would read as a pass. Drafts and copies do not. */
function missingChecks(headers: readonly Header[], results: Results | undefined): string[] {
  const isReceived = headers.some(({ name }) => /^received$/i.test(name));
  const known = Object.keys(results?.verdicts ?? {}).length > 0;
  return isReceived && !known ? ["No check of the sender (SPF, DKIM, DMARC) is noted on it."] : [];
}

function toResults(headers: readonly Header[]): Results | undefined {
  const trace = headers.filter(({ name }) => /^(authentication-results|received)$/i.test(name));
  const isResult = ({ name }: Header) => /^authentication-results$/i.test(name);
  const first = trace.findIndex(isResult);
  const top = trace[first];
  if (!top) return undefined;
  const by = authenticationServer(top.value);
  const rest = trace.slice(first + 1);
  const end = rest.findIndex((header) => !isResult(header));
  // iCloud writes one header per method, directly below each other. On other servers the next one may be forged.
  const alike = isIcloud(by)
    ? rest.slice(0, end < 0 ? rest.length : end).filter(({ value }) => isIcloud(authenticationServer(value)))
    : [];
  const found: Results["verdicts"] = {};
  for (const { value } of [top, ...alike])
    for (const method of methods) {
      const verdict = verdictOf(value, method);
      if (verdict) found[method] ??= verdict;
    }
  return {
    by,
    verdicts: found,
    confirmed: isConfirmed(by, trace.slice(0, first), rest[Math.max(end, 0)]),
  };
}

const isIcloud = (host: string | undefined) => /(^|\.)icloud\.com$/i.test(host ?? "");

/**
 * Removes comments, also nested ones, and quoted strings, also in comments (RFC 8601 section 2.2): both may hold text
 * of the sender, such as the address `"x;dkim=pass"@evil.example`. Unclosed ones extend to the end.
 */
export function withoutCommentsAndStrings(value: string): string {
  let bare = "";
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < value.length; at += 1) {
    const character = value.charAt(at);
    if (character === "\\") at += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(") depth += 1;
    else if (character === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) bare += character;
    if (depth > 0 && !bare.endsWith(" ")) bare += " ";
  }
  return bare;
}

/** The authserv-id (RFC 8601 section 2.2), which Microsoft's servers omit. */
export function authenticationServer(value: string): string | undefined {
  const id = /^\s*([^\s;]+)/.exec(withoutCommentsAndStrings(value))?.[1];
  return id?.includes("=") ? undefined : id;
}

function verdictOf(value: string, method: string): string | undefined {
  const results = [
    ...`;${withoutCommentsAndStrings(value)}`.matchAll(
      new RegExp(`;\\s*${method}\\s*=\\s*([a-z]+)(?=[\\s;]|$)`, "gi"),
    ),
  ]
    .map((match) => (match[1] ?? "").toLowerCase())
    .filter((verdict) => verdicts.includes(verdict));
  // One DKIM signature that passes is enough (RFC 6376 section 6.1). For the other methods the worst result counts.
  if (method === "dkim" && results.includes("pass")) return "pass";
  return results.find((verdict) => verdict !== "pass") ?? results[0];
}

const domainOf = (host: string) => host.toLowerCase().split(".").slice(-2).join(".");

/**
 * True when a server that received the email made the checks: the header is above every Received, or its domain is that
 * of a server that wrote a Received above it or directly below.
 */
function isConfirmed(by: string | undefined, above: readonly Header[], below: Header | undefined): boolean {
  if (above.length === 0) return true;
  const hosts = [...above, ...(below ? [below] : [])].map(
    ({ value }) => /\bby\s+([^\s;()]+)/i.exec(value)?.[1] ?? "",
  );
  return hosts.some((host) => domainOf(host) === domainOf(by ?? "x.outlook.com"));
}

/** The first word that looks like an address. */
function addressIn(text: string): string | undefined {
  return text.split(/[\s<>"'()]/).find((word) => {
    const at = word.lastIndexOf("@", word.lastIndexOf(".") - 2);
    return at > 0 && !word.endsWith(".");
  });
}

function headerWarnings(headers: readonly Header[]): string[] {
  const from = parseAddresses(headerValue(headers, "from"));
  const replyTo = parseAddresses(headerValue(headers, "reply-to"));
  const own = new Set(from.map(({ address }) => address.toLowerCase()));
  const found: string[] = [];
  for (const { name, address } of from) {
    const inName = addressIn(name?.slice(0, 500) ?? "");
    if (inName && inName.toLowerCase() !== address.toLowerCase())
      found.push("The sender's display name contains an address that is not the sender's.");
  }
  if (from.length > 1) found.push("It names several senders.");
  if (from.length === 0) found.push("It names no sender.");
  if (replyTo.some(({ address }) => address !== "" && !own.has(address.toLowerCase())))
    found.push("Replies go to another address than the sender's (Reply-To).");
  return found;
}

/** Results of sender authentication, and warnings. */
export type SenderChecks = {
  spf?: string;
  dkim?: string;
  dmarc?: string;
  /** The authserv-id of the topmost Authentication-Results. */
  by?: string;
  /** Sentences for the person. */
  warnings: string[];
};
