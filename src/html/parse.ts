/**
 * HTML as browsers parse it: the tree of the WHATWG algorithm (HTML section 13.2) as domhandler nodes, which css-select
 * reads. parse5 builds it; what an email could make it build is limited here.
 */
import type { Document } from "domhandler";
import { Parser, html as parse5Html, type Token } from "parse5";
import { adapter, type Htmlparser2TreeAdapterMap } from "parse5-htmlparser2-tree-adapter";

/** `isQuirks`: the document is in quirks mode (Quirks Mode standard). */
export type ParsedHtml = { document: Document; isQuirks: boolean };

/** The depth at which Chromium stops nesting elements, too. */
const maxOpenElements = 512;
/**
 * Elements of one email, many times those of the largest newsletter. Unclosed formatting elements are opened again in
 * every block that follows (HTML section 13.2.4.3), so that a few kilobytes can ask for millions.
 */
const maxElements = 250_000;

/** Elements that do not stay open, and those whose content is text to the tokenizer and must not become visible. */
const neverDeep: ReadonlySet<string> = new Set(
  "area br col hr img input link meta wbr style script title textarea xmp iframe noembed noframes".split(" "),
);

/**
 * Parses a document, as far as there is one. Tags beyond the limits are ignored, their text is kept. Linear. Never
 * throws.
 */
export function parseHtml(source: string): ParsedHtml {
  const { options, count } = countingOptions();
  const parser = new Parser<Htmlparser2TreeAdapterMap>(options);
  limitTags(parser, count);
  parser.tokenizer.write(source, true);
  const isQuirks = adapter.getDocumentMode(parser.document) === parse5Html.DOCUMENT_MODE.QUIRKS;
  return { document: parser.document, isQuirks };
}

/** Parses a piece of a body within the same limits. */
export function parseHtmlFragment(source: string): Document {
  const { options, count } = countingOptions();
  const parser = Parser.getFragmentParser<Htmlparser2TreeAdapterMap>(null, options);
  limitTags(parser, count);
  parser.tokenizer.write(source, true);
  return parser.getFragment();
}

/** Options that show an email as programs without scripts do, and the number of elements made so far. */
function countingOptions() {
  let elements = 0;
  const treeAdapter = {
    ...adapter,
    createElement: (...args: Parameters<typeof adapter.createElement>) => {
      elements += 1;
      return adapter.createElement(...args);
    },
  };
  return { options: { treeAdapter, scriptingEnabled: false }, count: () => elements };
}

function limitTags(parser: Parser<Htmlparser2TreeAdapterMap>, count: () => number): void {
  /** For each element name, the number of start tags that were ignored: their end tags are, too. */
  const ignored = new Map<string, number>();
  const onStartTag = parser.onStartTag.bind(parser);
  const onEndTag = parser.onEndTag.bind(parser);
  parser.onStartTag = (token: Token.TagToken) => {
    const isTooDeep = parser.openElements.stackTop >= maxOpenElements;
    if (neverDeep.has(token.tagName) || (count() < maxElements && !isTooDeep)) onStartTag(token);
    else ignored.set(token.tagName, (ignored.get(token.tagName) ?? 0) + 1);
  };
  parser.onEndTag = (token: Token.TagToken) => {
    const starts = ignored.get(token.tagName) ?? 0;
    if (starts > 0) ignored.set(token.tagName, starts - 1);
    else onEndTag(token);
  };
}
