/** The texts of the pages, by language. */
import type { Provider } from "../../providers/provider.ts";
import { de } from "./de.ts";
import { en, type Texts } from "./en.ts";
import { fr } from "./fr.ts";
import type { Language } from "./language.ts";
import { stepsDe } from "./steps/de.ts";
import { stepsFr } from "./steps/fr.ts";

const texts: Readonly<Record<Language, Texts>> = { en, de, fr };
const steps: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: {},
  de: stepsDe,
  fr: stepsFr,
};

export function textsFor(language: Language): Texts {
  return texts[language];
}

/** Returns the steps to a password that works with this provider; in English where there is no translation. */
export function stepsFor(provider: Provider, language: Language): string {
  return steps[language][provider.id] ?? provider.appPassword.steps;
}
