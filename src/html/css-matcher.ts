/**
 * Whether an element is what a selector means, read from right to left (Selectors level 4, section 17). css-select
 * judges each compound; the combinators between them are walked here and every step is counted: css-select tries all the
 * ways in which ancestors can be chosen, and for seven names among three hundred ancestors that never ends.
 */
import { compile } from "css-select";
import { isTraversal, parse, type Selector } from "css-what";
import { type AnyNode, type Element, isTag } from "domhandler";

/** `spend` counts steps, and says whether there are any left; without, nothing matches. */
export type Matcher = (element: Element, spend: (steps: number) => boolean) => boolean;

type Compound = {
  test(element: Element): boolean;
  steps(element: Element): number;
  /** How it stands to the one before it; absent in the first. */
  combinator: "child" | "descendant" | "adjacent" | "sibling" | undefined;
};

const testSteps = 3;

/** Throws for a selector that styles nothing here: one that is not known, or cannot be bounded. */
export function toMatcher(selector: string): Matcher {
  const [tokens, ...others] = parse(selector);
  if (!tokens || others.length > 0) throw new Error("not one selector");
  const compounds = toCompounds(tokens);
  return (element, spend) => {
    const known = compounds.map(() => new Map<Element, boolean>());
    return isMatch(compounds.length - 1, element);

    function isMatch(at: number, candidate: Element): boolean {
      const compound = compounds[at];
      const before = known[at]?.get(candidate);
      if (before !== undefined || !compound) return before ?? false;
      const found = spend(compound.steps(candidate)) && compound.test(candidate) && follows(at, candidate);
      known[at]?.set(candidate, found);
      return found;
    }

    function follows(at: number, candidate: Element): boolean {
      const combinator = compounds[at]?.combinator;
      if (combinator === undefined) return true;
      const next = combinator === "child" || combinator === "descendant" ? parentOf : elementBefore;
      for (let other = next(candidate); other && spend(1); other = next(other)) {
        if (isMatch(at - 1, other)) return true;
        if (combinator === "child" || combinator === "adjacent") return false;
      }
      return false;
    }
  };
}

function toCompounds(tokens: readonly Selector[]): Compound[] {
  const compounds: Compound[] = [];
  let own: Selector[] = [];
  let combinator: Compound["combinator"];
  const close = () => {
    if (own.length === 0) throw new Error("a combinator without a compound");
    // css-select writes into what it compiles.
    const looks = own.flatMap(whereLooks);
    const test = compile<AnyNode, Element>([own], { cacheResults: false });
    compounds.push({ test, steps: (element) => stepsOf(looks, element), combinator });
    own = [];
  };
  for (const token of tokens) {
    if (!isTraversal(token)) own.push(token);
    else {
      close();
      if (!/^(child|descendant|adjacent|sibling)$/.test(token.type)) throw new Error(token.type);
      combinator = token.type as Compound["combinator"];
    }
  }
  close();
  return compounds;
}

type Look = "siblings" | "inside";

/** What a test of one token looks at besides the element. Throws for what looks further than can be counted. */
function whereLooks(token: Selector): Look[] {
  if (token.type !== "pseudo") return [];
  const nested = Array.isArray(token.data) ? token.data.flat() : [];
  if (token.name === "has") {
    if (nested.filter(isTraversal).length > 1 || nested.some(({ type }) => type === "pseudo"))
      throw new Error("a selector within :has()");
    return ["inside"];
  }
  if (nested.some(isTraversal)) throw new Error("a combinator within a pseudo-class");
  if (/contains$/.test(token.name)) return ["inside"];
  return [
    ...(/^(nth|first|last|only)/.test(token.name) ? ["siblings" as const] : []),
    ...nested.flatMap(whereLooks),
  ];
}

function stepsOf(looks: readonly Look[], element: Element): number {
  let steps = testSteps;
  for (const look of looks)
    steps += look === "siblings" ? (element.parent?.children.length ?? 1) : countInside(element);
  return steps;
}

function countInside(element: Element): number {
  let count = 0;
  const waiting: AnyNode[] = [element];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    count += 1;
    if (isTag(node)) for (const child of node.children) waiting.push(child);
  }
  return count;
}

function parentOf(element: Element): Element | undefined {
  const { parent } = element;
  return parent && isTag(parent) ? parent : undefined;
}

function elementBefore(element: Element): Element | undefined {
  let { prev } = element;
  while (prev && !isTag(prev)) prev = prev.prev;
  return prev ?? undefined;
}
