/**
 * The part of CSS syntax (CSS Syntax level 3) that decides what a reader sees: declarations of the examined
 * properties, and style rules inside media and support conditions that hold. Bounded, linear, and never throws.
 */
import { parseColor } from "./colors.ts";
import { type CompiledSelector, compileSelector } from "./css-matcher.ts";
import { matchesMedia, matchesSupports } from "./css-media.ts";
import { expandShorthand, shorthands } from "./css-shorthands.ts";
import { splitTopLevel, withoutComments, withoutEscapes } from "./css-text.ts";

/** All other properties are skipped unread. */
const examinedProperties: ReadonlySet<string> = new Set([
  "display",
  "visibility",
  "content-visibility",
  "opacity",
  "font-size",
  "letter-spacing",
  "line-height",
  "max-height",
  "height",
  "min-height",
  "min-width",
  "text-shadow",
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
  "padding-bottom",
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

const maxSheetCharacters = 400_000;
const maxRules = 3000;
/** Nested conditions are scanned once per level. */
const maxConditionDepth = 4;
const maxSelectorsPerRule = 50;
const maxSelectorCharacters = 300;

export type Declaration = { property: string; value: string; important: boolean };

export type StyleRule = CompiledSelector & { order: number; declarations: readonly Declaration[] };

/** Parses `color: red !important; …`; invalid declarations and unexamined properties are left out. */
export function parseDeclarations(text: string): Declaration[] {
  return splitTopLevel(withoutComments(text), ";").flatMap((escaped) => {
    const piece = withoutEscapes(escaped);
    const colon = piece.indexOf(":");
    if (colon < 1) return [];
    const property = piece.slice(0, colon).trim().toLowerCase();
    if (!examinedProperties.has(property) && !shorthands.has(property)) return [];
    const raw = piece
      .slice(colon + 1)
      .trim()
      .toLowerCase();
    const bang = raw.lastIndexOf("!");
    const important = bang >= 0 && raw.slice(bang + 1).trim() === "important";
    const value = important ? raw.slice(0, bang).trim() : raw;
    return expandShorthand(property, value)
      .filter(([name, longhand]) => isValid(name, longhand))
      .map(([name, longhand]) => ({ property: name, value: longhand, important }));
  });
}

const displayValues: ReadonlySet<string> = new Set([
  ...["none", "contents", "block", "inline", "list-item", "flow-root", "run-in", "flex", "grid", "table"],
  ...["inline-block", "inline-flex", "inline-grid", "inline-table", "block flow", "inline flow"],
  ...["inherit", "initial", "unset", "revert"],
]);
const displayFamilies = /^(table|ruby|-webkit)(-[a-z-]+)?$/;
const colorKeywords = /^(inherit|initial|unset|revert|currentcolor)$|^(var|color-mix|light-dark)\(/;

/** An invalid declaration does not override a valid one (CSS 2.1 section 4.2). */
function isValid(property: string, value: string): boolean {
  if (value === "") return false;
  switch (property) {
    case "display":
      return displayValues.has(value) || displayFamilies.test(value);
    case "visibility":
      return /^(visible|hidden|collapse|inherit|initial|unset|revert)$/.test(value);
    case "opacity":
      return /^[+-]?(\d+(\.\d*)?|\.\d+)%?$|^[a-z]+$|\(/.test(value);
    case "color":
      return colorKeywords.test(value) || parseColor(value) !== undefined;
    default:
      return true;
  }
}

/** Yields the top-level `prelude { content }` blocks. */
function* blocksOf(sheet: string): Generator<{ prelude: string; content: string }> {
  let at = 0;
  while (at < sheet.length) {
    const open = sheet.indexOf("{", at);
    if (open < 0) return;
    const { end, isClosed } = endOfBlock(sheet, open + 1);
    const prelude = sheet.slice(at, open);
    yield {
      // Statements without a block, such as @import and @charset, may precede the prelude.
      prelude: prelude.slice(prelude.lastIndexOf(";") + 1).trim(),
      content: sheet.slice(open + 1, isClosed ? end - 1 : end),
    };
    at = end;
  }
}

/** The index after the brace that closes a block whose content begins at `start`. */
function endOfBlock(sheet: string, start: number): { end: number; isClosed: boolean } {
  let depth = 1;
  let quote = "";
  let end = start;
  while (end < sheet.length && depth > 0) {
    const character = sheet.charAt(end);
    // A newline ends an unclosed string (CSS Syntax level 3, section 4.3.5).
    if (quote) quote = character === quote || character === "\n" ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    end += 1;
  }
  return { end, isClosed: depth === 0 };
}

/** Rules collected so far, and the mode in which selectors match. */
type Collection = { rules: StyleRule[]; isQuirks: boolean };

/** Appends the rules of a style sheet to `rules`, up to `maxRules`. */
export function parseStyleSheet(sheet: string, rules: StyleRule[], isQuirks: boolean): void {
  addRules(
    withoutComments(sheet.slice(0, maxSheetCharacters)).replace(/<!--|-->/g, ""),
    { rules, isQuirks },
    0,
  );
}

function addRules(sheet: string, collection: Collection, depth: number): void {
  for (const { prelude, content } of blocksOf(sheet)) {
    if (collection.rules.length >= maxRules || depth > maxConditionDepth) return;
    if (prelude.startsWith("@")) {
      const [, name = "", condition = ""] = /^@([a-z-]*)(.*)$/is.exec(prelude) ?? [];
      if (holds(name.toLowerCase(), condition)) addRules(content, collection, depth + 1);
      continue;
    }
    const declarations = parseDeclarations(content);
    if (declarations.length === 0) continue;
    for (const selector of splitTopLevel(prelude, ",").slice(0, maxSelectorsPerRule))
      addRule(selector.trim(), declarations, collection);
  }
}

function holds(atRule: string, condition: string): boolean {
  if (atRule === "media") return matchesMedia(condition);
  return atRule === "supports" && matchesSupports(condition);
}

/** States that an email is not in, and pseudo-elements, which are not elements of it. */
const unmatchable = /:(hover|focus|active|visited|before|after)|::/;

function addRule(
  selector: string,
  declarations: readonly Declaration[],
  { rules, isQuirks }: Collection,
): void {
  if (selector === "" || selector.length > maxSelectorCharacters || unmatchable.test(selector)) return;
  try {
    rules.push({ ...compileSelector(selector, isQuirks), order: rules.length, declarations });
  } catch {
    // An invalid selector, or one whose cost has no bound, matches nothing.
  }
}
