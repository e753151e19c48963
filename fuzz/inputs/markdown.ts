/** Bodies as a model writes them: Markdown, HTML, and both at once. */
import fc from "fast-check";
import { htmls } from "./html.ts";
import { shortTexts, texts } from "./text.ts";

const line = fc
  .tuple(
    fc.constantFrom(
      "",
      "",
      "# ",
      "- ",
      "  - ",
      "1. ",
      "> ",
      ">> ",
      "    ",
      "```",
      "| ",
      "|-|-|",
      "---",
      "[ ] ",
      "[^1]: ",
    ),
    fc.oneof(
      shortTexts,
      shortTexts.map(
        (text) => `**${text}** _${text}_ [${text}](http://a.example/${text}) ![${text}](${text}) <${text}>`,
      ),
      shortTexts.map((text) => `[a](javascript:${text}) [b](<${text}>) [c][d] \n[d]: data:text/html,${text}`),
    ),
  )
  .map((pieces) => pieces.join(""));

export const markdowns: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n")) },
  { weight: 2, arbitrary: texts },
  { weight: 1, arbitrary: htmls },
);
