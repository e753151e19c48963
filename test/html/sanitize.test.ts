/** Forwarded HTML keeps its look and its text, and nothing that acts, whatever the sender wrote. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isTag } from "domhandler";
import * as DomUtils from "domutils";
import fc from "fast-check";
import { parseHtmlFragment } from "../../src/html/parse.ts";
import { sanitizeHtml } from "../../src/html/sanitize.ts";
import { htmlToWords } from "../../src/html/visible-words.ts";

const folder = join(import.meta.dir, "..", "fixtures", "html");
const fixtures = readdirSync(folder).filter((name) => name.endsWith(".html"));

/** Elements, attributes and targets that act in the HTML as a browser parses it. */
function activeIn(html: string): string[] {
  return DomUtils.getElementsByTagName(() => true, parseHtmlFragment(html)).flatMap(({ name, attribs }) => [
    ...(/^(script|iframe|frame|object|embed|applet|form|input|button|select|textarea|base|meta|link|svg|math|template|noscript)$/.test(
      name,
    )
      ? [name]
      : []),
    ...Object.entries(attribs).flatMap(([attribute, value]) =>
      attribute.startsWith("on") ||
      attribute === "srcdoc" ||
      /^(javascript|vbscript|file):|^data:(?!image)/.test(value.replace(/[\s\p{Cc}]/gu, "").toLowerCase())
        ? [`${attribute}=${value}`]
        : [],
    ),
  ]);
}

const attacks: readonly string[] = [
  "<script>evil()</script>",
  "<img src=x onerror=evil()>",
  "<img/src='x'/onerror=evil()>",
  "<svg><script>evil()</script></svg>",
  "<svg onload=evil()><a xlink:href='javascript:evil()'>x</a></svg>",
  "<math><mi xlink:href='data:x,evil'>x</mi></math>",
  "<a href='javascript:evil()'>x</a>",
  "<a href='jAva&#10;script&colon;evil()'>x</a>",
  "<a href=' &#1;javascript:evil()'>x</a>",
  "<a href='data:text/html,<script>evil()</script>'>x</a>",
  "<iframe srcdoc='<script>evil()</script>'></iframe>",
  "<object data='x.swf'><embed src='x.swf'></object>",
  "<form action='https://evil.example/'><input name=a><button formaction='javascript:evil()'>Go</button></form>",
  "<base href='https://evil.example/'><link rel=stylesheet href='https://evil.example/x.css'>",
  "<meta http-equiv=refresh content='0;url=javascript:evil()'>",
  "<div style='width:expression(evil())'>x</div>",
  "<div style='behavior:url(x.htc)'>x</div>",
  "<style>p{background:url(javascript:evil())}</style><p>x</p>",
  "<noscript><p title='</noscript><img src=x onerror=evil()>'></noscript>",
  "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=evil()&gt;'>",
  "<svg></p><style><a id='</style><img src=1 onerror=evil()>'>",
  "<form><math><mtext></form><form><mglyph><style></math><img src onerror=evil()>",
  "<xmp><img src=x onerror=evil()></xmp><plaintext><img src=x onerror=evil()>",
  "<template><script>evil()</script></template><select><option><script>evil()</script></select>",
  "<!--><img src=x onerror=evil()>--><!--[if IE]><script>evil()</script><![endif]-->",
  "<a href='https://x.example/' ping='https://evil.example/' onmouseover=evil()>x</a>",
  "<table background='javascript:evil()'><tr><td>x</td></tr></table>",
  "<textarea></textarea><img src=x onerror=evil()></textarea>",
];

test.each(attacks)(
  "%s: nothing that acts is left, also when the result is parsed and sanitized again",
  (html) => {
    const clean = sanitizeHtml(html);
    expect(activeIn(clean)).toEqual([]);
    expect(clean).not.toMatch(/expression\(|behavior:|<!--/);
    expect(sanitizeHtml(clean)).toBe(clean);
  },
);

test("any mixture of attacks, cut anywhere, leaves nothing that acts", () => {
  const mixture = fc
    .array(fc.tuple(fc.constantFrom(...attacks), fc.nat(120)), { minLength: 1, maxLength: 6 })
    .map((pieces) => pieces.map(([attack, length]) => attack.slice(0, length)).join(""));
  fc.assert(
    fc.property(mixture, (html) => {
      expect(activeIn(sanitizeHtml(html))).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

test.each(fixtures)("%s: its visible words are those of the original, and styles stay", async (name) => {
  const html = await Bun.file(join(folder, name)).text();
  const clean = sanitizeHtml(html);
  // A field is not part of the text of an email that is passed on.
  const fields = /<select|<textarea|<noscript/i.test(html);
  if (!fields) expect(htmlToWords(`${doctypeOf(html)}${clean}`)).toBe(htmlToWords(withoutBodyColors(html)));
  expect(activeIn(clean)).toEqual([]);
  if (/<td[^>]*\sstyle=/i.test(html)) expect(clean).toContain("style=");
});

const doctypeOf = (html: string) => /^\s*<!doctype[^>]*>/i.exec(html)?.[0] ?? "";
/** The attributes of the body do not go along: another email has a body of its own. */
const withoutBodyColors = (html: string) => html.replace(/<body\b[^>]*>/gi, "<body>");

test("an image of an attachment, a style sheet in the head and links stay as they were", () => {
  const html =
    "<html><head><title>t</title><style>.a{color:red}</style></head><body><p class=a style='margin:0'>Hi <a href='https://x.example/?a=1&amp;b=2'>x</a><img src='cid:pic@x' width=10></p></body></html>";
  expect(sanitizeHtml(html)).toBe(
    '<style>.a{color:red}</style><p class="a" style="margin:0">Hi <a href="https://x.example/?a=1&amp;b=2">x</a><img src="cid:pic@x" width="10"></p>',
  );
  expect(parseHtmlFragment(sanitizeHtml(html)).children.every((node) => isTag(node))).toBe(true);
});
