/**
 * HTML as browsers parse it: the tree of the WHATWG algorithm (HTML section 13.2) as domhandler nodes, which css-select
 * reads. parse5 builds it; what is limited here is what an email could make it build.
 */
import type { Document } from "domhandler";
import { Parser, html as parse5Html, type Token } from "parse5";
import { adapter, type Htmlparser2TreeAdapterMap } from "parse5-htmlparser2-tree-adapter";

/** `isCut`: tags were ignored because there were too many or they nested too deeply; their text is kept. */
export type ParsedHtml = { document: Document; isQuirks: boolean; isCut: boolean };

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

/** Parses a document or a fragment of one. Linear in its length. Never throws. */
export function parseHtml(source: string): ParsedHtml {
  let elements = 0;
  let isCut = false;
  /** For each element name, the start tags that were ignored: their end tags are, too. */
  const ignored = new Map<string, number>();
  const treeAdapter = {
    ...adapter,
    createElement: (...args: Parameters<typeof adapter.createElement>) => {
      elements += 1;
      return adapter.createElement(...args);
    },
  };
  const parser = new Parser<Htmlparser2TreeAdapterMap>({ treeAdapter, scriptingEnabled: false });
  const onStartTag = parser.onStartTag.bind(parser);
  const onEndTag = parser.onEndTag.bind(parser);
  parser.onStartTag = (token: Token.TagToken) => {
    const isTooDeep = parser.openElements.stackTop >= maxOpenElements;
    if (neverDeep.has(token.tagName) || (elements < maxElements && !isTooDeep)) {
      onStartTag(token);
      return;
    }
    isCut = true;
    ignored.set(token.tagName, (ignored.get(token.tagName) ?? 0) + 1);
  };
  parser.onEndTag = (token: Token.TagToken) => {
    const count = ignored.get(token.tagName) ?? 0;
    if (count > 0) ignored.set(token.tagName, count - 1);
    else onEndTag(token);
  };
  parser.tokenizer.write(source, true);
  const isQuirks = adapter.getDocumentMode(parser.document) === parse5Html.DOCUMENT_MODE.QUIRKS;
  return { document: parser.document, isQuirks, isCut };
}
