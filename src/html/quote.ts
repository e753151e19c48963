/** The quoted history in the HTML of a draft, by the marks that mail programs put on it. */
import { type ChildNode, type Element, isTag, type ParentNode } from "domhandler";
import * as DomUtils from "domutils";
import { serialize } from "parse5";
import { adapter } from "parse5-htmlparser2-tree-adapter";
import { parseHtml } from "./parse.ts";

const classes: ReadonlySet<string> = new Set([
  "gmail_quote",
  "gmail_quote_container",
  "moz-cite-prefix",
  "yahoo_quoted",
  "protonmail_quote",
]);
/** Outlook has no element around its quote: it begins with this one. */
const ids: ReadonlySet<string> = new Set(["divRplyFwdMsg", "appendonsend"]);

/** True for the element with which a quote begins. */
function beginsQuote({ name, attribs }: Element): boolean {
  if (name === "blockquote" && /^cite$/i.test(attribs.type ?? "")) return true;
  return ids.has(attribs.id ?? "") || (attribs.class ?? "").split(/\s+/).some((one) => classes.has(one));
}

/** Returns everything from the beginning of the quote on; undefined without one. Not sanitized. Never throws. */
export function findHtmlQuote(html: string): string | undefined {
  const { document } = parseHtml(html);
  const [body] = DomUtils.getElementsByTagName("body", document, true, 1);
  const first = DomUtils.findOne(beginsQuote, body?.children ?? [], true);
  if (!first) return undefined;
  const fragment = adapter.createDocumentFragment();
  for (const node of fromHereOn(first)) adapter.appendChild(fragment, node);
  return serialize(fragment, { treeAdapter: adapter });
}

/** The element, and what follows it and the elements around it. */
function fromHereOn(first: Element): ChildNode[] {
  const found: ChildNode[] = [first];
  for (let node: ChildNode = first; ; ) {
    for (let next = node.next; next; next = next.next) found.push(next);
    const parent: ParentNode | null = node.parent;
    if (!parent || !isTag(parent) || parent.name === "body") return found;
    node = parent;
  }
}
