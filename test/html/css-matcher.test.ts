/** The counted matcher agrees with css-select, and stays within its budget where css-select does not end. */
import { expect, test } from "bun:test";
import { compile } from "css-select";
import type { AnyNode, Element } from "domhandler";
import fc from "fast-check";
import { DomUtils, parseDocument } from "htmlparser2";
import { compileSelector } from "../../src/html/css-matcher.ts";

const elementsOf = (html: string): Element[] =>
  DomUtils.getElementsByTagName(() => true, parseDocument(html));
const unlimited = () => true;

const name = fc.constantFrom("div", "p", "b", "i");
const compound = fc.oneof(
  name,
  name.map((tag) => `${tag}.${tag}`),
  fc.constantFrom(
    "*",
    ".p",
    "[id]",
    ":first-child",
    "b:nth-child(2n)",
    ":not(.b)",
    "div:has(> b)",
    ":is(p, i)",
  ),
);
const selector = fc
  .tuple(compound, fc.array(fc.tuple(fc.constantFrom(" ", " > ", " + ", " ~ "), compound), { maxLength: 3 }))
  .map(([first, others]) => first + others.flat().join(""));
const { html } = fc.letrec<{ html: string }>((tie) => ({
  html: fc
    .array(
      fc
        .tuple(name, name, fc.boolean(), fc.oneof({ maxDepth: 4 }, fc.constant("x"), tie("html")))
        .map(([tag, word, id, inside]) => `<${tag} class="${word}"${id ? " id=x" : ""}>${inside}</${tag}>`),
      { maxLength: 4 },
    )
    .map((elements) => elements.join("")),
}));

test("Selectors level 4: a selector matches the elements that css-select matches", () => {
  fc.assert(
    fc.property(html, selector, (source, text) => {
      const { matches } = compileSelector(text);
      const expected = compile<AnyNode, Element>(text, { cacheResults: false });
      for (const element of elementsOf(source))
        expect({ source, text, found: matches(element, unlimited) }).toEqual({
          source,
          text,
          found: expected(element),
        });
    }),
    { numRuns: 500 },
  );
});

test("a selector with many combinators among hundreds of ancestors or siblings takes few steps", () => {
  const stepsOf = (text: string, source: string) => {
    let steps = 0;
    const count = (more: number) => {
      steps += more;
      return true;
    };
    const last = elementsOf(source).at(-1);
    expect(last && compileSelector(text).matches(last, count)).toBe(false);
    return steps;
  };
  const deep = `${"<div>".repeat(300)}<b>x</b>`;
  expect(stepsOf(`q ${"div ".repeat(7)}b`, deep)).toBeLessThan(400_000);
  expect(stepsOf(`q ~ ${"p ~ ".repeat(4)}b`, `${"<p></p>".repeat(300)}<b>x</b>`)).toBeLessThan(400_000);
});

test("nothing matches once no steps are left, and a selector without a bound is refused", () => {
  const [element] = elementsOf("<p>x</p>");
  expect(element && compileSelector("p").matches(element, () => false)).toBe(false);
  for (const text of [":has(:has(p))", ":not(div p)", ":is(a > b)", "p, b", "p <", "> p"])
    expect(() => compileSelector(text)).toThrow();
});
