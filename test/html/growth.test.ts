/** Rendering takes time in proportion to the length of what a stranger wrote: twice the input, about twice the CPU time. */
import { expect, test } from "bun:test";
import { toHtmlSource } from "../../src/html/html-source.ts";
import { createLinkIndex } from "../../src/html/link-index.ts";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { sanitizeHtml } from "../../src/html/sanitize.ts";
import { htmlToWords } from "../../src/html/visible-words.ts";
import { calendarToLines } from "../../src/readable/calendar.ts";
import { foldHistory } from "../../src/readable/fold-history.ts";
import { shortenTargets } from "../../src/readable/plain-text.ts";
import { vcardsToLines } from "../../src/readable/vcard.ts";
import { bestOf, cpuMsOf, growthOf } from "../support/own-time.ts";

const fold = (...lines: string[]) => foldHistory(lines, { forward: false, quotes: "all" });
const target = (url: string) => `<a href="${url}">x</a>`;

/** Each takes quadratic time where a pattern backtracks, or an algorithm looks at all that came before. */
const inputs: Readonly<Record<string, (size: number) => unknown>> = {
  "a link of dots": (size) => shortenTargets(`http://a${".".repeat(size)}x`, createLinkIndex()),
  "a target of slashes": (size) => htmlToMarkdown(target(`https://a.example/${"/".repeat(size)}`)),
  "a target of slashes and an end": (size) =>
    htmlToMarkdown(target(`https://a.example/${"/".repeat(size)}x`)),
  "a target with many subjects": (size) =>
    htmlToMarkdown(target(`mailto:a?${"?subject=".repeat(size / 10)}`)),
  "an angle bracket and spaces": (size) => htmlToMarkdown(`<${" ".repeat(size)}`),
  "many angle brackets": (size) => htmlToMarkdown("<".repeat(size)),
  "open comments": (size) => htmlToMarkdown("<!--".repeat(size / 4)),
  "open comments in a style": (size) => htmlToMarkdown(`<p style="${"/*".repeat(size / 2)}">x</p>`),
  "important signs in a style": (size) => htmlToMarkdown(`<p style="color:${" !".repeat(size / 2)}x">x</p>`),
  "a font of digits": (size) => htmlToMarkdown(`<p style="font:${"1 ".repeat(size / 2)}">x</p>`),
  "brackets in a selector": (size) => htmlToMarkdown(`<style>${"a[".repeat(size / 2)}{color:red}</style>x`),
  "braces in a sheet": (size) => htmlToMarkdown(`<style>${"@media all{".repeat(size / 11)}</style>x`),
  "open elements": (size) => htmlToMarkdown("<div>".repeat(size / 5)),
  "open elements with wrong ends": (size) => htmlToMarkdown("<div></x>".repeat(size / 9)),
  "open formatting": (size) => htmlToMarkdown(`<b id=${"><b id=".repeat(200)}>${"<p>x".repeat(size / 100)}`),
  "text before a table that never comes": (size) => htmlToMarkdown(`<table>${"x<p>y".repeat(size / 50)}`),
  "attributes of one tag": (size) =>
    htmlToMarkdown(`<p ${Array.from({ length: size / 8 }, (_, at) => `a${at}`).join(" ")}>x`),
  "images without an end": (size) => htmlToMarkdown("[image: ".repeat(size / 8)),
  "entities without an end": (size) => htmlToMarkdown("&amp".repeat(size / 4)),
  "nested emphasis": (size) => htmlToMarkdown("<b><i>x</b>".repeat(size / 100)),
  "spaces in words": (size) => htmlToWords(`x${" ".repeat(size)}y`),
  "spaces in source": (size) => toHtmlSource(`x${"&nbsp;".repeat(size / 6)}y`),
  "a sanitized attribute": (size) => sanitizeHtml(`<p style="${"behavior ".repeat(size / 9)}">x</p>`),
  "a rule of dashes": (size) => fold(`${"-".repeat(size)} x`, "a"),
  "an attribution of spaces": (size) => fold(`Ann wrote${" ".repeat(size)}x`, "> a", "b"),
  "an attribution of verbs": (size) => fold("wrote ".repeat(size / 6), "> a", "b"),
  "a header without an end": (size) => fold(`от${"от".repeat(size / 2)}`, "a"),
  "quotes between answers": (size) => fold(..."> a,b,".repeat(size / 50).split(",")),
  "a card of equals signs": (size) =>
    vcardsToLines(`BEGIN:VCARD\nVERSION:2.1\nN;QUOTED-PRINTABLE:${"=\n".repeat(size / 8)}\nEND:VCARD`),
  "a calendar of line folds": (size) => calendarToLines(`BEGIN:VCALENDAR${"\n ".repeat(size / 2)}`),
};

/** Quadratic time would give 4, and noise some more or less. */
const maxGrowth = 3;
const size = 100_000;
/** Quadratic time over 200,000 characters is seconds: what takes less than this is linear, and too short to compare. */
const shortMs = 60;

test.each(Object.keys(inputs))("%s", async (name) => {
  const work = (length: number) => inputs[name]?.(length);
  if ((await bestOf(shortMs, () => cpuMsOf(() => work(2 * size)))) < shortMs) return;
  expect(await growthOf(size, work)).toBeLessThan(maxGrowth);
});
