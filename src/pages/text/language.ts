/** The negotiation of the language with the browser. */
import { parseAccept } from "hono/utils/accept";

export const languages = ["en", "de", "fr"] as const;
export type Language = (typeof languages)[number];

/** Selects the language for an Accept-Language header (RFC 9110 section 12.5.4); English when none matches. */
export function toLanguage(acceptLanguage: string | undefined): Language {
  if (!acceptLanguage || acceptLanguage.length > 1_000) return "en";
  const wanted = parseAccept(acceptLanguage)
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  for (const { type } of wanted) {
    const primary = type.toLowerCase().split("-")[0];
    const found = languages.find((language) => language === primary);
    if (found) return found;
  }
  return "en";
}
