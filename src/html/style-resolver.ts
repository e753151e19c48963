/**
 * The CSS cascade for the properties that decide what a reader sees of an HTML email: style sheets and inline styles
 * with specificity and `!important`. Own code on css-what and css-select: a whole CSS engine costs more than the
 * email. Bounded, and never throws.
 */
import type { Element } from "domhandler";
import * as DomUtils from "domutils";
import { matchesMedia } from "./css-media.ts";
import { type Declaration, parseDeclarations, parseStyleSheet, type StyleRule } from "./css-parser.ts";
import type { ParsedHtml } from "./parse.ts";

/** The declared value of each examined property, in lower case. */
export type Style = ReadonlyMap<string, string>;

const maxSheets = 40;
const maxClassCharacters = 2_000;
/**
 * Steps spent on matching rules and applying declarations in one email: far more than a newsletter needs, and a
 * fraction of a second. 3,000 rules over 100,000 elements would take minutes.
 */
const maxSteps = 3_000_000;
const ruleSteps = 3;

/** Returns a function that computes the declared style of each element of the document. */
export function createStyleResolver({ document, isQuirks }: ParsedHtml): (element: Element) => Style {
  const rules: StyleRule[] = [];
  // Another type is no style sheet (HTML section 4.2.6).
  for (const sheet of DomUtils.getElementsByTagName("style", document, true, maxSheets))
    if (/^(text\/css)?$/i.test(sheet.attribs.type ?? "") && matchesMedia(sheet.attribs.media ?? ""))
      parseStyleSheet(DomUtils.textContent(sheet), rules, isQuirks);
  const rulesByKey = Map.groupBy(rules, ({ key }) => key);

  let steps = 0;
  const spend = (count: number) => {
    steps += count;
    return steps <= maxSteps;
  };

  // Newsletters repeat a few elements and inline styles hundreds of times.
  const candidatesOf = remember(
    ({ name, attribs }: Element) => `${name}\n${attribs.id ?? ""}\n${attribs.class ?? ""}`,
    (element) => keysOf(element, isQuirks).flatMap((key) => rulesByKey.get(key) ?? []),
  );
  const declare = remember(
    ({ matching, inline }: Declared) => `${matching.map(({ order }) => order).join()}\n${inline}`,
    ({ matching, inline }) =>
      cascade([...matching.flatMap(({ declarations }) => declarations), ...parseDeclarations(inline)]),
  );

  /** Past the limit style sheets stop matching; inline styles still apply. */
  function rulesFor(element: Element): StyleRule[] {
    if (rules.length === 0 || !spend(0)) return [];
    const matching = candidatesOf(element).filter((rule) => spend(ruleSteps) && rule.matches(element, spend));
    for (const { declarations } of matching) spend(2 * ruleSteps * declarations.length);
    return matching.sort((a, b) => a.specificity - b.specificity || a.order - b.order);
  }

  return (element) => declare({ matching: rulesFor(element), inline: element.attribs.style ?? "" });
}

/** The rules that match an element, from the weakest to the strongest, and its attribute `style`. */
type Declared = { matching: readonly StyleRule[]; inline: string };

/** Remembers the results of a function by a key of its argument. */
function remember<Argument, Result>(
  keyOf: (argument: Argument) => string,
  work: (argument: Argument) => Result,
): (argument: Argument) => Result {
  const known = new Map<string, Result>();
  return (argument) => {
    const key = keyOf(argument);
    const before = known.get(key);
    if (before !== undefined) return before;
    const result = work(argument);
    known.set(key, result);
    return result;
  };
}

/** The keys that rules matching this element may have. */
function keysOf({ name, attribs }: Element, isQuirks: boolean): string[] {
  const classes = (attribs.class ?? "").slice(0, maxClassCharacters).split(/\s+/);
  const keys = [...(attribs.id ? [`#${attribs.id}`] : []), ...classes.map((each) => `.${each}`)];
  return ["*", name, ...(isQuirks ? keys.map((key) => key.toLowerCase()) : keys)];
}

/** Applies declarations from the weakest to the strongest. */
function cascade(declarations: readonly Declaration[]): Style {
  const style = new Map<string, string>();
  const important = new Set<string>();
  for (const { property, value, important: isImportant } of declarations) {
    if (important.has(property) && !isImportant) continue;
    // The shorthand resets the longhands of weaker rules.
    if (property === "background") {
      style.delete("background-color");
      style.delete("background-image");
    }
    style.set(property, value);
    if (isImportant) important.add(property);
  }
  return style;
}
