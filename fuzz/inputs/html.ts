/** HTML and CSS of emails: random well-nested emails, and a soup of tags, attributes and rules. */
import fc from "fast-check";
import { htmlEmails } from "../../test/support/generated-html.ts";
import { runs, shortTexts, specials, texts } from "./text.ts";

const names = fc.constantFrom(
  ..."p div span a img table tr td th tbody thead caption col ul ol li dl dt dd b i font h1 h6 blockquote pre code br hr center style script title textarea noscript template svg math foreignObject mtext annotation-xml select option button form input iframe object base meta link body html head frameset plaintext xmp listing marquee blink sup ruby rt x-y o:p v:shape".split(
    " ",
  ),
);
const attributes = fc.constantFrom(
  ..."href src style class id title alt width height colspan rowspan bgcolor color size align hidden dir lang background cite onload onclick xlink:href srcset action name type content http-equiv".split(
    " ",
  ),
);
const values = fc.oneof(
  { weight: 5, arbitrary: shortTexts },
  {
    weight: 3,
    arbitrary: fc.constantFrom("1", "100%", "-1", "999999", "1e9", "0", "1px", "http://a.example/", "cid:x"),
  },
  { weight: 1, arbitrary: runs },
);

const properties = fc.constantFrom(
  ..."display visibility color background background-color font-size opacity overflow height max-height width line-height position left top text-indent transform clip clip-path white-space mso-hide float margin padding filter content zoom -webkit-text-fill-color all".split(
    " ",
  ),
);
const cssValues = fc.oneof(
  fc.constantFrom(
    ..."none block inline hidden visible #fff #ffff rgb(0,0,0) rgba(0,0,0,0) hsl(0,0%,0%) 0 1px 1em -9999px 100% calc(1px+1px) var(--x) url(x) inherit initial unset red !important scale(0) inset(100%)".split(
      " ",
    ),
  ),
  shortTexts,
  runs,
);
const declarations = fc
  .array(fc.tuple(properties, cssValues), { maxLength: 5 })
  .map((all) => all.map(([name, value]) => `${name}:${value}`).join(";"));

const selectors = fc.oneof(
  fc.constantFrom(
    ..."p .a #b * p>a p~b p+i td:nth-child(2n+1) :not(.a) :is(p,:not(a)) [class] [class~=a] [href^='x'] p::before :hover :has(p) a:link :root @import html,body .a.b.c".split(
      " ",
    ),
  ),
  shortTexts,
  runs,
);
const rules = fc
  .array(
    fc.tuple(
      selectors,
      declarations,
      fc.constantFrom("", "", "@media screen{", "@media (max-width:1px){", "@supports(x){"),
    ),
    { maxLength: 6 },
  )
  .map((all) =>
    all.map(([selector, body, at]) => `${at}${selector}{${body}}${at === "" ? "" : "}"}`).join("\n"),
  );

const tag = fc
  .tuple(
    names,
    fc.array(fc.tuple(attributes, values, fc.constantFrom('"', "'", "")), { maxLength: 4 }),
    declarations,
  )
  .map(
    ([name, all, style]) =>
      `<${name}${all.map(([attribute, value, quote]) => ` ${attribute}=${quote}${value}${quote}`).join("")} style="${style}">`,
  );
const soup = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: tag },
      { weight: 3, arbitrary: names.map((name) => `</${name}>`) },
      { weight: 4, arbitrary: shortTexts },
      { weight: 2, arbitrary: specials },
      { weight: 1, arbitrary: rules.map((css) => `<style>${css}</style>`) },
      { weight: 1, arbitrary: texts },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tag, fc.nat(3_000))
          .map(([one, times]) => one.repeat(Math.min(times, 200_000 / one.length))),
      },
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join("").slice(0, 300_000));

export const htmls: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: soup },
  { weight: 1, arbitrary: htmlEmails },
  {
    weight: 1,
    arbitrary: fc
      .tuple(rules, soup)
      .map(([css, body]) => `<html><head><style>${css}</style></head><body>${body}`),
  },
);
