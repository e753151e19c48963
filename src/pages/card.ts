/**
 * The card in a conversation: one HTML document without network access, which a client with MCP Apps shows in a frame. Kept
 * under 10 KB, because a client fetches it for each conversation.
 */
import { toContentHash } from "../secrets.ts";
import script from "./card.client.js" with { type: "text" };
import style from "./card.css" with { type: "text" };
import { cardTexts } from "./text/card.ts";

/** The style sheet without comments and spaces that have no meaning. */
function shortenStyle(css: string): string {
  return css
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => !line.startsWith("/*"))
    .join("")
    .replaceAll(": ", ":")
    .replaceAll(" {", "{");
}

/** Bun 1.4 takes `minify` as its bundler does, but its types do not name it. */
const minified = {
  loader: "js",
  target: "browser",
  minify: { whitespace: true, syntax: true, identifiers: true },
} as const;

/** The document. Its own policy allows its one style and its one script, and nothing else, whatever the host allows. */
export function cardPage(): string {
  const css = shortenStyle(style);
  const code = new Bun.Transpiler(minified).transformSync(script);
  const policy = `default-src 'none'; style-src '${toContentHash(css)}'; script-src '${toContentHash(code)}'`;
  const texts = JSON.stringify(cardTexts).replaceAll("<", "\\u003c");
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    `<title>Approval</title><style>${css}</style><main></main>`,
    `<script type="application/json" id="texts">${texts}</script><script type="module">${code}</script>`,
  ].join("\n");
}
