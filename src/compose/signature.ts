/** The signature that a person uses: the block that recurs in what they sent lately. */
import { findHtmlSignature } from "../html/signature.ts";
import type { OriginalEmail, Signature } from "./email-request.ts";
import { plainTextToHtml } from "./markdown-html.ts";
import { toQuotedBody } from "./quoted-body.ts";

const maxTextCharacters = 2_000;
const maxHtmlCharacters = 20_000;

/** The signature of one sent email; undefined without one. */
export function findSignature(email: Pick<OriginalEmail, "text" | "html">): Signature | undefined {
  const html = email.html === undefined ? undefined : findHtmlSignature(email.html);
  const text = html === undefined ? findTextSignature(email.text ?? "") : toText(html);
  if (!text || text.length > maxTextCharacters || (html?.length ?? 0) > maxHtmlCharacters) return undefined;
  return { text, html: html ?? plainTextToHtml(text) };
}

const toText = (html: string): string | undefined => {
  const { text } = toQuotedBody({ html, text: "" });
  return text.trim() || undefined;
};

/** The lines after the last delimiter `-- ` that is not quoted (RFC 3676 section 4.3), up to a quote below. */
function findTextSignature(text: string): string | undefined {
  const lines = text.split(/\r?\n/);
  const delimiter = lines.findLastIndex((line) => /^-- ?$/.test(line));
  if (delimiter < 0) return undefined;
  const below = lines.slice(delimiter + 1);
  const quote = below.findIndex((line) => /^>|^-{4,} ?\S|^_{10,}$/.test(line));
  const own = quote < 0 ? below : withoutAttribution(below.slice(0, quote));
  return own.join("\n").trim() || undefined;
}

/** Drops "On …, Ben wrote:" and the empty lines around it. */
function withoutAttribution(lines: readonly string[]): string[] {
  const last = lines.findLastIndex((line) => line.trim() !== "");
  if (!lines[last]?.trim().endsWith(":")) return [...lines];
  const blank = lines.slice(0, last).findLastIndex((line) => line.trim() === "");
  return lines.slice(0, blank < 0 ? last : blank);
}

/** Compares signatures apart from spaces. */
const toSignatureKey = ({ text }: Signature): string => text.replace(/\s+/g, " ").trim();

/**
 * The signature that recurs among `found`, newest first: the newest that two emails have. What stands in one email only
 * may be anything.
 */
export function recurringSignature(found: readonly (Signature | undefined)[]): Signature | undefined {
  const counts = new Map<string, number>();
  for (const one of found)
    if (one) counts.set(toSignatureKey(one), (counts.get(toSignatureKey(one)) ?? 0) + 1);
  return found.find((one) => one && (counts.get(toSignatureKey(one)) ?? 0) > 1);
}

/** The signature below a text, in both forms. Gmail's marks keep Gmail from adding its own to an opened draft. */
export function signText(signature: Signature, text: string, html: string): { text: string; html: string } {
  if (toSignatureKey({ ...signature, text }).endsWith(toSignatureKey(signature))) return { text, html };
  const block = `<div class="gmail_signature" data-smartmail="gmail_signature">${signature.html}</div>`;
  return {
    text: `${text === "" ? "" : `${text}\n\n`}-- \n${signature.text}`,
    html: `${html}\n<br><span class="gmail_signature_prefix">-- </span><br>${block}`,
  };
}
