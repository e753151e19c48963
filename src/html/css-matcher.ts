/**
 * Selector matching with a counted cost, from right to left (Selectors level 4, section 17). css-select tests each
 * compound selector; the combinators between compounds are walked here. css-select backtracks over every choice of
 * ancestors, which does not end in useful time for seven type selectors below three hundred ancestors.
 */
import { compile } from "css-select";
import { isTraversal, parse, type Selector } from "css-what";
import { type AnyNode, type Element, isTag } from "domhandler";

export type CompiledSelector = {
  /** `#id`, `.class`, an element name or `*`: a feature that every matching element has. */
  key: string;
  /** As one number: ids count 10,000, classes and attributes 100, names 1 (Selectors level 4, section 15). */
  specificity: number;
  /** `spend` counts steps and returns false once none are left; from then on nothing matches. */
  matches(element: Element, spend: (steps: number) => boolean): boolean;
};

type Compound = {
  test(element: Element): boolean;
  cost(element: Element): number;
  /** The combinator to the compound on the left; undefined in the first. */
  combinator: "child" | "descendant" | "adjacent" | "sibling" | undefined;
};

const testSteps = 3;

/**
 * Compiles one complex selector; in quirks mode ids and classes match in any case. Throws for a selector that is invalid or whose cost has no bound.
 */
export function compileSelector(selector: string, isQuirks = false): CompiledSelector {
  const [tokens, ...others] = parse(selector);
  if (!tokens || others.length > 0) throw new Error("not one selector");
  const key = keyOf(tokens);
  return {
    key: isQuirks ? key.toLowerCase() : key,
    specificity: specificityOf(tokens),
    matches: createMatcher(tokens, isQuirks),
  };
}

/** A feature of the last compound. */
function keyOf(tokens: readonly Selector[]): string {
  const last = tokens.slice(tokens.findLastIndex(isTraversal) + 1);
  const featureOf = (name: string, action: string) =>
    last.flatMap((token) =>
      token.type === "attribute" && token.name === name && token.action === action && !token.namespace
        ? [token.value]
        : [],
    )[0];
  const id = featureOf("id", "equals");
  const className = featureOf("class", "element");
  const tag = last.find((token) => token.type === "tag");
  if (id !== undefined) return `#${id}`;
  if (className !== undefined) return `.${className}`;
  return tag?.type === "tag" ? tag.name.toLowerCase() : "*";
}

function specificityOf(tokens: readonly Selector[]): number {
  return tokens.reduce((sum, token) => sum + weightOf(token), 0);
}

function weightOf(token: Selector): number {
  if (token.type === "attribute") return token.name === "id" && token.action === "equals" ? 10_000 : 100;
  if (token.type === "tag" || token.type === "pseudo-element") return 1;
  if (token.type !== "pseudo" || token.name === "where") return 0;
  const nested = Array.isArray(token.data) ? Math.max(...token.data.map(specificityOf)) : 0;
  return /^(not|is|has|matches)$/.test(token.name) ? nested : 100 + nested;
}

function createMatcher(tokens: readonly Selector[], isQuirks: boolean): CompiledSelector["matches"] {
  const compounds = toCompounds(tokens, isQuirks);
  const [only, second] = compounds;
  if (only && !second) return (element, spend) => spend(only.cost(element)) && only.test(element);
  return (element, spend) => {
    // Two compounds never meet an element twice.
    const results = compounds.map(() => (compounds.length > 2 ? new Map<Element, boolean>() : undefined));
    return matchesUpTo(compounds.length - 1, element);

    function matchesUpTo(at: number, candidate: Element): boolean {
      const compound = compounds[at];
      const before = results[at]?.get(candidate);
      if (before !== undefined || !compound) return before ?? false;
      const result =
        spend(compound.cost(candidate)) && compound.test(candidate) && matchesLeftOf(at, candidate);
      results[at]?.set(candidate, result);
      return result;
    }

    function matchesLeftOf(at: number, candidate: Element): boolean {
      const combinator = compounds[at]?.combinator;
      if (combinator === undefined) return true;
      const next = combinator === "child" || combinator === "descendant" ? parentElement : previousElement;
      for (let other = next(candidate); other && spend(1); other = next(other)) {
        if (matchesUpTo(at - 1, other)) return true;
        if (combinator === "child" || combinator === "adjacent") return false;
      }
      return false;
    }
  };
}

function toCompounds(tokens: readonly Selector[], isQuirks: boolean): Compound[] {
  const compounds: Compound[] = [];
  let simple: Selector[] = [];
  let combinator: Compound["combinator"];
  const close = () => {
    if (simple.length === 0) throw new Error("a combinator without a compound");
    // css-select changes the tokens that it compiles.
    const scopes = simple.flatMap(scopesOf);
    const test = compile<AnyNode, Element>([simple], {
      cacheResults: false,
      quirksMode: isQuirks,
    });
    compounds.push({ test, cost: (element) => costOf(scopes, element), combinator });
    simple = [];
  };
  for (const token of tokens) {
    if (!isTraversal(token)) simple.push(token);
    else {
      close();
      if (!/^(child|descendant|adjacent|sibling)$/.test(token.type)) throw new Error(token.type);
      combinator = token.type as Compound["combinator"];
    }
  }
  close();
  return compounds;
}

type SelectorScope = "siblings" | "descendants";

/** Lists what the test of one token inspects besides the element itself. Throws where that has no bound. */
function scopesOf(token: Selector): SelectorScope[] {
  if (token.type !== "pseudo") return [];
  const nested = Array.isArray(token.data) ? token.data.flat() : [];
  if (token.name === "has") {
    if (nested.filter(isTraversal).length > 1 || nested.some(({ type }) => type === "pseudo"))
      throw new Error("a selector within :has()");
    return ["descendants"];
  }
  if (nested.some(isTraversal)) throw new Error("a combinator within a pseudo-class");
  if (token.name.endsWith("contains")) return ["descendants"];
  return [
    ...(/^(nth|first|last|only)/.test(token.name) ? ["siblings" as const] : []),
    ...nested.flatMap(scopesOf),
  ];
}

function costOf(scopes: readonly SelectorScope[], element: Element): number {
  let steps = testSteps;
  for (const scope of scopes)
    steps += scope === "siblings" ? (element.parent?.children.length ?? 1) : countNodes(element);
  return steps;
}

function countNodes(element: Element): number {
  let count = 0;
  const waiting: AnyNode[] = [element];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    count += 1;
    if (isTag(node)) for (const child of node.children) waiting.push(child);
  }
  return count;
}

function parentElement(element: Element): Element | undefined {
  const { parent } = element;
  return parent && isTag(parent) ? parent : undefined;
}

function previousElement(element: Element): Element | undefined {
  let { prev } = element;
  while (prev && !isTag(prev)) prev = prev.prev;
  return prev ?? undefined;
}
