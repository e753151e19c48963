/**
 * As much CSS as decides what a person sees of an HTML email: whether a thing is displayed, how large, in what colour
 * on what. Style sheets and inline styles with specificity, `!important` and media queries for a desktop window.
 * Own code on css-what and css-select: a whole CSS engine costs more than the email. Bounded, and never throws.
 */
import type { AnyNode, Element } from "domhandler";
import { DomUtils } from "htmlparser2";
import { toColour } from "./colors.ts";
import { type Matcher, toMatcher } from "./css-matcher.ts";
import { mediaHolds, supportsHolds } from "./css-media.ts";
import { expand, shorthands } from "./css-shorthands.ts";

/** What is looked at; everything else in a style sheet is skipped unread. */
const watched = new Set([
  "display",
  "visibility",
  "content-visibility",
  "opacity",
  "font-size",
  "letter-spacing",
  "line-height",
  "max-height",
  "height",
  "max-width",
  "width",
  "overflow",
  "color",
  "-webkit-text-fill-color",
  "text-decoration",
  "background",
  "background-color",
  "background-image",
  "white-space",
  "text-indent",
  "position",
  "left",
  "top",
  "right",
  "bottom",
  "margin-left",
  "margin-right",
  "margin-top",
  "padding-left",
  "padding-right",
  "clip",
  "clip-path",
  "transform",
  "filter",
  "zoom",
  "fill",
  "float",
]);

export type Style = ReadonlyMap<string, string>;

const maxSheetCharacters = 400_000;
const maxRules = 3000;
/** Conditions inside each other: each is walked once more. */
const maxConditions = 4;
/**
 * Steps of holding rules against elements and of applying declarations in one email: many times what a newsletter needs,
 * and a part of a second. 3,000 rules over 100,000 elements would be minutes.
 */
const maxSteps = 3_000_000;
/** What a rule that is tried, and a declaration that is applied, costs besides. */
const ruleSteps = 3;

type Declaration = { property: string; value: string; important: boolean };
type Rule = {
  key: string;
  matches: Matcher;
  weight: number;
  order: number;
  declarations: readonly Declaration[];
};

/** `color: red !important; …` as the declarations we watch. */
function parseDeclarations(text: string): Declaration[] {
  return splitOutside(text.replace(/\/\*[\s\S]*?\*\//g, ""), ";").flatMap((piece) => {
    const colon = piece.indexOf(":");
    if (colon < 1) return [];
    const property = piece.slice(0, colon).trim().toLowerCase();
    if (!watched.has(property) && !shorthands.has(property)) return [];
    const raw = piece
      .slice(colon + 1)
      .trim()
      .toLowerCase();
    const value = raw.replace(/\s*!\s*important$/, "").trim();
    const important = value !== raw;
    return expand(property, value)
      .filter(([name, said]) => isValid(name, said))
      .map(([name, said]) => ({ property: name, value: said, important }));
  });
}

const displays =
  /^(none|contents|block|inline|list-item|flow-root|run-in|(inline-)?(block|flex|grid|table)|table-[a-z-]+|ruby[a-z-]*|-webkit-[a-z-]+|inherit|initial|unset|revert|block flow|inline flow)$/;

/** A declaration that means nothing does not undo one that does. */
function isValid(property: string, value: string): boolean {
  if (value === "") return false;
  switch (property) {
    case "display":
      return displays.test(value);
    case "visibility":
      return /^(visible|hidden|collapse|inherit|initial|unset|revert)$/.test(value);
    case "opacity":
      return /^[+-]?(\d*\.)?\d+%?$|^[a-z]+$|\(/.test(value);
    case "color":
      return (
        /^(inherit|initial|unset|revert|currentcolor)$|^(var|color-mix|light-dark)\(/.test(value) ||
        toColour(value) !== undefined
      );
    default:
      return true;
  }
}

/** Splits at a letter that is not inside brackets or quotes. */
function splitOutside(text: string, separator: string): string[] {
  const pieces: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (quote) {
      if (letter === quote) quote = "";
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === "(") depth += 1;
    else if (letter === ")") depth = Math.max(0, depth - 1);
    else if (letter === separator && depth === 0) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}

/** Blocks of `prelude { content }`, nested ones whole. */
function* blocksOf(sheet: string): Generator<{ prelude: string; content: string }> {
  let at = 0;
  while (at < sheet.length) {
    const open = sheet.indexOf("{", at);
    if (open < 0) return;
    let depth = 1;
    let quote = "";
    let end = open + 1;
    while (end < sheet.length && depth > 0) {
      const letter = sheet.charAt(end);
      // A quotation that is not closed ends with its line.
      if (quote) quote = letter === quote || letter === "\n" ? "" : quote;
      else if (letter === '"' || letter === "'") quote = letter;
      else if (letter === "{") depth += 1;
      else if (letter === "}") depth -= 1;
      end += 1;
    }
    const prelude = sheet.slice(at, open);
    // Statements without a block, such as @import …; and @charset, stand before the prelude.
    yield {
      prelude: prelude.slice(prelude.lastIndexOf(";") + 1).trim(),
      content: sheet.slice(open + 1, depth === 0 ? end - 1 : end),
    };
    at = end;
  }
}

function toRules(sheet: string, rules: Rule[], depth = 0): void {
  const bare = sheet
    .slice(0, maxSheetCharacters)
    .replace(/\/\*[\s\S]*?(\*\/|$)/g, "")
    .replace(/<!--|-->/g, "");
  for (const { prelude, content } of blocksOf(bare)) {
    if (rules.length >= maxRules || depth > maxConditions) return;
    const media = /^@media\b(.*)$/is.exec(prelude)?.[1];
    if (media !== undefined) {
      if (mediaHolds(media)) toRules(content, rules, depth + 1);
      continue;
    }
    const supports = /^@supports\b(.*)$/is.exec(prelude)?.[1];
    if (supports !== undefined && supportsHolds(supports)) toRules(content, rules, depth + 1);
    if (prelude.startsWith("@")) continue;
    const declarations = parseDeclarations(content);
    if (declarations.length === 0) continue;
    for (const selector of splitOutside(prelude, ",").slice(0, 50))
      addRule(selector.trim(), declarations, rules);
  }
}

function addRule(selector: string, declarations: readonly Declaration[], rules: Rule[]): void {
  if (
    selector === "" ||
    selector.length > 300 ||
    /:(hover|focus|active|visited|before|after)|::/.test(selector)
  )
    return;
  try {
    rules.push({
      key: keyOf(selector),
      matches: toMatcher(selector),
      weight: weightOf(selector),
      order: rules.length,
      declarations,
    });
  } catch {
    // A selector that is not known, or cannot be bounded, styles nothing here.
  }
}

/** Specificity in one number: ids, then classes and attributes, then names. */
function weightOf(selector: string): number {
  const ids = selector.match(/#[\w-]+/g)?.length ?? 0;
  const classes = selector.match(/\.[\w-]+|\[[^\]]*\]|:[\w-]+/g)?.length ?? 0;
  const names = selector.match(/(^|[\s>+~])[a-z][\w-]*/gi)?.length ?? 0;
  return ids * 10_000 + classes * 100 + names;
}

/** Where a rule is looked for: by what its last part names, so that most elements meet few rules. */
function keyOf(selector: string): string {
  const last = selector.split(/[\s>+~]+(?![^[(]*[\])])/).at(-1) ?? "";
  const bare = last.replace(/\[[^\]]*\]|:[\w-]+(\([^)]*\))?/g, "");
  return /#[\w-]+/.exec(bare)?.[0] ?? /\.[\w-]+/.exec(bare)?.[0] ?? (bare.toLowerCase() || "*");
}

/** How each element of a document is styled. */
export function createStyles(document: AnyNode[]): (element: Element) => Style {
  const rules: Rule[] = [];
  const sheets = DomUtils.getElementsByTagName("style", document, true, 40);
  for (const sheet of sheets)
    if (mediaHolds(sheet.attribs.media ?? "")) toRules(DomUtils.textContent(sheet), rules);
  const byKey = new Map<string, Rule[]>();
  for (const rule of rules) {
    const same = byKey.get(rule.key);
    if (same) same.push(rule);
    else byKey.set(rule.key, [rule]);
  }

  let steps = 0;
  const spend = (count: number) => {
    steps += count;
    return steps <= maxSteps;
  };

  /** Past the limit no rule of a sheet holds any more; what an element says of itself still does. */
  function rulesFor(element: Element): Rule[] {
    if (!spend(0)) return [];
    const { id, class: classes } = element.attribs;
    const keys = [
      "*",
      element.name,
      ...(id ? [`#${id}`] : []),
      ...(classes ?? "")
        .slice(0, 2_000)
        .split(/\s+/)
        .map((name) => `.${name}`),
    ];
    const candidates = keys.flatMap((key) => byKey.get(key) ?? []);
    const found = candidates.filter((rule) => spend(ruleSteps) && rule.matches(element, spend));
    for (const { declarations } of found) spend(2 * ruleSteps * declarations.length);
    return found.sort((a, b) => a.weight - b.weight || a.order - b.order);
  }

  return (element) => {
    const style = new Map<string, string>();
    const important = new Set<string>();
    const apply = ({ property, value, important: strong }: Declaration) => {
      if (important.has(property) && !strong) return;
      // `background: red` also unsets what a weaker rule said of colour and picture.
      if (property === "background") {
        style.delete("background-color");
        style.delete("background-image");
      }
      style.set(property, value);
      if (strong) important.add(property);
    };
    for (const rule of rulesFor(element)) for (const each of rule.declarations) apply(each);
    for (const each of parseDeclarations(element.attribs.style ?? "")) apply(each);
    return style;
  };
}
