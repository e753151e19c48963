/** The words of every page, by language. */
import { en, type Texts } from "./en.ts";
import type { Language } from "./language.ts";

const texts: Readonly<Record<Language, Texts>> = { en, de: en, fr: en };

export function textsFor(language: Language): Texts {
  return texts[language];
}
