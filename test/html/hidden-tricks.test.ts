/** The ways to hide text in an email, and styles that only look like one: shown is what Chromium draws. */
import { beforeAll, describe, expect, test } from "bun:test";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { drawnShares } from "../support/drawn.ts";
import { programs } from "../support/installed.ts";

const styled = (style: string, tag = "div") => `<${tag} style="${style}">needle</${tag}>`;
const standards = (body: string) => `<!DOCTYPE html><html><body>${body}</body></html>`;

const hidden: Readonly<Record<string, string>> = {
  "display none": styled("display:none"),
  "visibility hidden": styled("visibility:hidden"),
  "content-visibility hidden": styled("content-visibility:hidden"),
  "the hidden attribute": "<p hidden>needle</p>",
  "opacity 0": styled("opacity:0"),
  "opacity in percent": styled("opacity:1%"),
  "nested opacity": `<div style="opacity:.2"><div style="opacity:.2"><p style="opacity:.2">needle</p></div></div>`,
  "an opacity filter": styled("filter:opacity(0%)"),
  "font size 0": styled("font-size:0"),
  "font size 1px": styled("font-size:1px"),
  "a font shorthand of size 0": styled("font:0/0 a"),
  "white on white": styled("color:#fff"),
  "almost white on white": styled("color:#fefefe"),
  "a transparent color": styled("color:transparent"),
  "a color of no opacity": styled("color:rgba(0,0,0,.01)"),
  "a transparent text fill": styled("color:black;-webkit-text-fill-color:transparent"),
  "a transparent text fill, inherited": `<div style="-webkit-text-fill-color:transparent"><p style="color:red">needle</p></div>`,
  "white by a font tag": `<font color=white>needle</font>`,
  "white by a font tag that is never closed": `<p><font color="#ffffff">a</p><div>needle</div>`,
  "white by inheritance through a table": standards(
    `<div style="color:white"><table><tr><td>needle</td></tr></table></div>`,
  ),
  "the color of the cell": `<table bgcolor="#336699"><tr><td><font color="#336699">needle</font></td></tr></table>`,
  "the color of the row by CSS": standards(
    `<table><tr style="background:#222"><td><span style="color:#222">needle</span></td></tr></table>`,
  ),
  "the color of the body": `<body bgcolor="#112233" text="#112233">needle</body>`,
  "the color of the body, written as a legacy color": `<body bgcolor="#eeeeee"><font color="eeeeee">needle</font></body>`,
  "a box of height 0": styled("height:0;overflow:hidden"),
  "a box of 2 pixels": styled("height:2px;max-height:2px;overflow-y:hidden"),
  "a box of at most 4 pixels": styled("max-height:4px;overflow:hidden"),
  "a box of 5 pixels": styled("height:5px;overflow:hidden"),
  "a height of 0 percent in quirks mode": styled("height:0%;overflow:hidden"),
  "a box of width 0": styled("width:0;overflow:hidden"),
  "a box of width 1px": styled("width:1px;height:1px;overflow:hidden;position:absolute"),
  "an inline block of width 0": styled("display:inline-block;width:0;overflow:hidden", "span"),
  "a float of height 0": styled("float:left;height:0;overflow:hidden", "span"),
  "a flex item of width 0": `<div style="display:flex"><span style="width:0;overflow:hidden">needle</span></div>`,
  "overflow clip": styled("max-height:0;overflow:clip"),
  "overflow auto": styled("height:0;overflow:auto"),
  "line height 0 in a box that clips": styled("line-height:0;overflow:hidden"),
  "line height 1px in a box that clips": styled("line-height:1px;overflow:hidden"),
  "an inherited line height of 0": `<div style="line-height:0"><p style="overflow:hidden;margin:0">needle</p></div>`,
  "a line far taller than its box": styled("height:20px;line-height:200px;overflow:hidden"),
  "an indent to the left": styled("text-indent:-9999px"),
  "an indent beyond its box": styled("text-indent:100%;white-space:nowrap;overflow:hidden;width:100px"),
  "a position left of the page": styled("position:absolute;left:-9999px"),
  "a position above the page": styled("position:absolute;top:-999em"),
  "a relative position far away": styled("position:relative;left:-3000px"),
  "a margin to the left": styled("margin-left:-5000px"),
  "a position right of everything": styled("position:absolute;left:9999px"),
  "clip to nothing": styled("position:absolute;clip:rect(0,0,0,0)"),
  "clip to one pixel": styled("position:absolute;clip:rect(1px,1px,1px,1px)"),
  "clip-path inset": styled("clip-path:inset(100%)"),
  "clip-path inset of half": styled("clip-path:inset(50%)"),
  "clip-path circle": styled("clip-path:circle(0)"),
  "clip-path ellipse": styled("clip-path:ellipse(0 0)"),
  "clip-path polygon": styled("clip-path:polygon(0 0,0 0,0 0)"),
  "scaled to nothing": styled("transform:scale(0)"),
  "scaled to a hundredth": styled("transform:scale(.01)"),
  "scaled by the property of its own": styled("scale:0"),
  "scaled along one axis": styled("transform:scaleY(0)"),
  "moved away": styled("transform:translateX(-9999px)"),
  "moved away by two lengths": styled("transform:translate(-200em,0)"),
  "moved away by the property of its own": styled("translate:-9999px 0"),
  "turned edge-on": styled("transform:rotateY(90deg)"),
  "a matrix of zeros": styled("transform:matrix(0,0,0,0,0,0)"),
  "a tiny zoom": styled("zoom:.01"),
  "turned edge-on by the property of its own": styled("rotate:y 90deg"),
  "light yellow on white": styled("color:#ffffe0"),
  "a text fill that is inherited by name": `<div style="-webkit-text-fill-color:transparent"><p style="-webkit-text-fill-color:inherit">needle</p></div>`,
  "a visibility that is inherited by name": `<div style="visibility:hidden"><p style="visibility:inherit">needle</p></div>`,
  "white behind an image of no address": styled("color:#fff;background:url() white"),
  "white as the fallback of a custom property": styled("color:var(--x, white)"),
  "a height that is a sum": styled("height:calc(1px + 1px);overflow:hidden"),
  "a height that is a minimum": styled("height:min(0px,10px);overflow:hidden"),
  "a font size that is clamped": styled("font-size:clamp(0px,0px,1px)"),
  "a property with an escape": styled("d\\69splay:none"),
  "a value with an escape": styled("display:n\\6fne"),
  "a comment beside a value": styled("display:/**/none"),
  "clip-path inset from one side": styled("clip-path:inset(0 100% 0 0)"),
  "clip-path rect": styled("clip-path:rect(0 0 0 0)"),
  "clip-path xywh": styled("clip-path:xywh(0 0 0 0)"),
  "a strong blur": styled("filter:blur(50px)"),
  "a paragraph below its box": `<div style="max-height:15px;overflow:hidden"><p>needle</p></div>`,
  "a margin below its box": `<div style="height:10px;overflow:hidden"><div style="margin-top:20px">needle</div></div>`,
  "line breaks below its box": `<div style="height:10px;overflow:hidden"><br><br>needle</div>`,
  "an empty block before it": `<div style="height:10px;overflow:hidden"><div style="height:40px"></div>needle</div>`,
  "a drawing of no size": "<svg width=0 height=0><text y=20>needle</text></svg>",
  "line height 0 and another weight": `<div style="line-height:0;overflow:hidden"><b style="font-weight:bold">needle</b></div>`,
  "line height 0 in an inline block": `<div style="line-height:0;overflow:hidden"><b style="display:inline-block">needle</b></div>`,
  "a closed dialog": "<dialog>needle</dialog>",
  "a popover": "<div popover>needle</div>",
  "a template": "<template>needle</template>",
  noframes: "<noframes>needle</noframes>",
  "a rule of a style sheet": "<style>.x{display:none}</style><p class=x>needle</p>",
  "a rule in any case in quirks mode": "<style>.XyZ{display:none}</style><p class=xyz>needle</p>",
};

const shown: Readonly<Record<string, string>> = {
  "plain text": "<p>needle</p>",
  "an inline box with a size": styled("width:0;height:0;overflow:hidden", "span"),
  "an unknown element, which is inline": styled("width:0;height:0;overflow:hidden", "o:p"),
  "a transform of an inline box": styled("transform:scale(0)", "span"),
  "an indent of an inline box": `<div>${styled("text-indent:-9999px", "span")}</div>`,
  "a clip without a position": styled("clip:rect(0,0,0,0)"),
  "the hidden attribute with a display": `<p hidden style="display:block">needle</p>`,
  "a height of 0 without clipping": styled("height:0"),
  "a height of 0 with padding below": styled("height:0;padding-bottom:24px;overflow:hidden"),
  "a height of 0 with a minimum": styled("height:0;min-height:24px;overflow:hidden"),
  "a height of 0 percent of no height": standards(styled("height:0%;overflow:hidden")),
  "a cell of height 0": `<table><tr><td height=0 style="height:0;overflow:hidden">needle</td></tr></table>`,
  "line height 0 without clipping": `<div style="padding:10px">${styled("line-height:0")}</div>`,
  "visibility of a child": `<div style="visibility:hidden"><p style="visibility:visible">needle</p></div>`,
  "a child of a font size of its own": `<div style="font-size:0"><p style="font-size:14px">needle</p></div>`,
  "a relative font size": styled("font-size:.1em"),
  "half opacity twice": `<div style="opacity:.6"><p style="opacity:.6">needle</p></div>`,
  "grey on white": styled("color:#888"),
  "black on a background of its own": `<div style="background:#000"><p style="background:#fff;color:#000">needle</p></div>`,
  "white on the black of a cell": `<table><tr><td bgcolor="#000000"><font color="white">needle</font></td></tr></table>`,
  "a background that the element cannot have": `<p bgcolor="#000000">needle</p>`,
  "transparent text with a shadow": styled("color:transparent;text-shadow:0 0 0 #000"),
  "white text in a table of quirks mode": `<font color=white><table><tr><td>needle</td></tr></table></font>`,
  "size 0 around a table of quirks mode": `<div style="font-size:0"><table><tr><td>needle</td></tr></table></div>`,
  "a rule of another case in standards mode": standards(
    "<style>.XyZ{display:none}</style><p class=xyz>needle</p>",
  ),
  "a rule for print": "<style>@media print{p{display:none}}</style><p>needle</p>",
  "an invalid color": styled("color:nonsense"),
  "a legacy color that is not white": `<font color="chucknorris">needle</font>`,
  "a position in sight": styled("position:absolute;left:20px;top:10px"),
  "a flip": styled("transform:scaleX(-1);width:60px"),
  "a small turn": styled("transform:rotate(10deg);width:60px"),
  "a link in white surroundings": `<div style="color:#fff"><a href="https://x.example/">needle</a></div>`,
  "a comment inside the name of a property": styled("dis/**/play:none"),
  "an escaped colon": styled("display\\:none"),
  "a style sheet of another type": `<style type="text/x">p{display:none}</style><p>needle</p>`,
  "a paragraph without a margin in a low box": `<style>p{margin:0}</style><div style="max-height:15px;overflow:hidden"><p>needle</p></div>`,
  "a visible child of a hidden one": `<div style="visibility:hidden"><p style="visibility:initial">needle</p></div>`,
  "text inside an image map": "<map>needle</map>",
  MathML: "<math><mtext>needle</mtext></math>",
  "superscript in collapsed lines": `<div style="line-height:0;overflow:hidden">aaaa<sup>needle</sup></div>`,
  "zoom 0": styled("zoom:0"),
};

const cases = [
  ...Object.entries(shown).map(([name, html]) => ({ name, html, isShown: true })),
  ...Object.entries(hidden).map(([name, html]) => ({ name, html, isShown: false })),
];
/** Less of a word than this nobody can read. */
const legibleShare = 0.1;

describe.skipIf(!programs.chromium)("text is shown when a browser draws it", () => {
  let shares: number[] = [];

  beforeAll(async () => {
    shares = await drawnShares(cases.map(({ html }) => html));
  });

  test.each(cases.map(({ name }, at) => [name, at] as const))("%s", (_, at) => {
    const { html, isShown } = cases[at] ?? { html: "", isShown: true };
    const { lines, omissions } = htmlToMarkdown(html);
    expect({ isDrawn: (shares[at] ?? 0) >= legibleShare, isRead: lines.join().includes("needle") }).toEqual({
      isDrawn: isShown,
      isRead: isShown,
    });
    if (!isShown && !/template|noframes/.test(html)) expect(omissions.hiddenWords).toBeGreaterThan(0);
  });
});

test("bold text that CSS makes a block stands on a line of its own", () => {
  const { lines } = htmlToMarkdown(`<b style="display:block">one</b>two`);
  expect(lines).toEqual(["**one**", "two"]);
});

test("characters drawn on top of each other are not read", () => {
  expect(htmlToMarkdown(styled("letter-spacing:-1em;white-space:nowrap")).lines).toEqual([]);
});
