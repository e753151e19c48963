/** Random HTML emails: nested elements, tables, styles, colors and tags that are never closed. */
import fc from "fast-check";

const styles = fc.constantFrom(
  ...[
    "",
    "",
    "",
    "",
    "color:#fff",
    "color:#000",
    "background:#000",
    "background-color:#ffffff",
    "color:inherit",
  ],
  ...[
    "font-size:0",
    "font-size:14px",
    "font-size:1px",
    "visibility:hidden",
    "visibility:visible",
    "opacity:0",
  ],
  ...["opacity:.5", "display:none", "display:block", "display:inline", "float:left"],
  // With padding the height of a line decides, which the reader does not model.
  ...["height:0;overflow:hidden;padding:0", "max-height:3px;overflow:hidden;padding:0"],
  ...["line-height:0;overflow:hidden", "text-indent:-9999px", "text-indent:2em", "display:inline-block"],
  ...["line-height:20px", "padding:0 12px", "margin:4px", "text-align:center", "clear:both"],
  ...["position:absolute;left:-9999px", "transform:scale(0)", "clip-path:inset(100%)", "white-space:pre"],
  ...["text-decoration:line-through", "font-weight:bold", "width:300px", "mso-hide:all", "color:nonsense"],
);
/** The height of a cell depends on its neighbors: that of collapsed ones is beyond what the reader models. */
const cellStyles = styles.filter((style) => !/position|display|overflow/.test(style));
/**
 * innerText puts line breaks around a <p> that is inline or out of the flow, and the reader around a <div>, which is
 * often a column.
 */
const blockStyles = styles.filter((style) => !/^display:inline|^position/.test(style));
const classes = fc.constantFrom("", "", "", "a", "b", "c", "a b");
const elements = fc.constantFrom(
  ...["p", "div", "span", "b", "i", "font", "h2", "blockquote", "center", "small", "section", "sup", "pre"],
);
const fontAttributes = fc.constantFrom(
  "",
  ' color="#ffffff"',
  ' color="red"',
  ' size="1"',
  ' color="ffffff"',
);
const cellAttributes = fc.constantFrom(
  "",
  "",
  " rowspan=2",
  " colspan=0",
  " nowrap",
  ' valign="top"',
  ' bgcolor="#ffffff"',
  ' bgcolor="#000000"',
  " colspan=2",
  ' align="center"',
);

/** Text in a row that is in no cell, or in a cell of the wrong name, is moved in front of the table. */
const cellNames = fc.constantFrom("td", "td", "td", "th", "div");

/** The end tag, or none: browsers close what is open. */
const endTag = (name: string) => fc.constantFrom(`</${name}>`, `</${name}>`, `</${name}>`, "");

const attributesOf = (style: string, className: string) =>
  `${style ? ` style="${style}"` : ""}${className ? ` class="${className}"` : ""}`;

const { content } = fc.letrec<{ content: string; node: string; table: string; list: string }>((tie) => ({
  content: fc.array(tie("node"), { minLength: 1, maxLength: 4 }).map((nodes) => nodes.join("")),
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      " word ",
      " word",
      "word ",
      " word, ",
      "<br>",
      "<hr>",
      " word&nbsp;",
      "<img alt='word' width=80 height=20>",
    ),
    fc
      .tuple(elements, styles, classes, fontAttributes, tie("content"))
      .chain(([name, style, className, font, inside]) =>
        fc
          .tuple(endTag(name), /^(p|div)$/.test(name) ? blockStyles : fc.constant(style))
          .map(
            ([end, style]) =>
              `<${name}${attributesOf(style, className)}${name === "font" ? font : ""}>${inside}${end}`,
          )
          // White space at the ends of a box within a line is not shown, and the reader shows it.
          .map((html) => (html.includes("display:inline-block") ? ` ${html} ` : html)),
      ),
    tie("content").map((inside) => ` <a href="https://example.test/">${inside}</a> `),
    tie("table"),
    tie("list"),
  ),
  table: fc
    .array(
      fc.array(fc.tuple(cellAttributes, cellStyles, tie("content"), cellNames), {
        minLength: 1,
        maxLength: 3,
      }),
      {
        minLength: 1,
        maxLength: 2,
      },
    )
    .map((rows) => {
      const cells = rows.map((row) =>
        row
          .map(
            ([attributes, style, inside, name]) =>
              `<${name}${attributes}${attributesOf(style, "")}>${inside}</${name}>`,
          )
          .join(""),
      );
      return `<table>${cells.map((row) => `<tr>${row}</tr>`).join("")}</table>`;
    }),
  list: fc
    .array(tie("content"), { minLength: 1, maxLength: 3 })
    .chain((items) =>
      fc
        .constantFrom("ul", "ol")
        .map((name) => `<${name}>${items.map((item) => `<li>${item}`).join("")}</${name}>`),
    ),
}));

const rules = fc
  .array(fc.tuple(fc.constantFrom(".a", ".b", "p.a", "td .b", "div > .c", "font", ".a .b"), blockStyles), {
    maxLength: 3,
  })
  .map((all) => all.map(([selector, style]) => `${selector}{${style}}`).join(""));

/** Each word of the text is another one, so that each is looked for in its place. */
function numberWords(html: string): string {
  let number = 0;
  return html.replace(/\bword\b/g, () => {
    number += 1;
    return `w${number}x`;
  });
}

export const htmlEmails: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("", "<!DOCTYPE html>"),
    rules,
    fc.constantFrom("", ' bgcolor="#ffffff"', ' text="#333333"'),
    content,
  )
  .map(([doctype, css, body, inside]) =>
    numberWords(
      `${doctype}<html><head>${css ? `<style>${css}</style>` : ""}</head><body${body}>${inside}</body></html>`,
    ),
  );
