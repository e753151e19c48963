/** The signature in the HTML of a sent email, by the marks that mail programs put on it. */
import { type ChildNode, type Element, isTag, type ParentNode } from "domhandler";
import * as DomUtils from "domutils";
import { serialize } from "parse5";
import { adapter } from "parse5-htmlparser2-tree-adapter";
import { parseHtml } from "./parse.ts";
import { removeImages, sanitizeHtml } from "./sanitize.ts";

/** Class names of Gmail, Thunderbird, Proton, Yahoo and Zimbra, each as a whole word. */
const classes: ReadonlySet<string> = new Set([
  "gmail_signature",
  "moz-signature",
  "protonmail_signature_block",
  "yahoo-signature",
  "zimbra-signature",
]);
/** Ids of Outlook and of older Apple programs. In a quote Outlook renames its own to x_Signature. */
const ids: ReadonlySet<string> = new Set(["signature", "ms-outlook-mobile-signature", "applemailsignature"]);
/** Classes and ids of quotes, in which the signature is another person's. */
const quotes =
  /(?:^|\s)(?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote)(?:\s|$)|^divRplyFwdMsg$|^appendonsend$/;

/** Returns the signature's inner HTML, sanitized and without attached pictures; undefined without one. Never throws. */
export function findHtmlSignature(html: string): string | undefined {
  const { children } = parseHtml(html).document;
  const found = findMarked(children);
  const marked = found ? serialize(found, { treeAdapter: adapter }) : findBookmarked(children);
  if (!marked) return undefined;
  const clean = sanitizeHtml(marked);
  const { html: own } = removeImages(clean, ({ attribs }) => /^\s*cid:/i.test(attribs.src ?? ""));
  return withoutDelimiter(own).trim() || undefined;
}

/** The first marked element outside quotes. Outlook has no element around its quote: what follows its rule is quoted. */
function findMarked(nodes: readonly ChildNode[]): Element | undefined {
  for (const node of nodes) {
    if (!isTag(node)) continue;
    const { class: names = "", id = "" } = node.attribs;
    if (node.name === "blockquote" || quotes.test(names) || quotes.test(id)) {
      if (/^(?:divRplyFwdMsg|appendonsend)$/.test(id)) return undefined;
      continue;
    }
    if (names.split(/\s+/).some((name) => classes.has(name)) || ids.has(id.toLowerCase())) return node;
    const inside = findMarked(node.children);
    if (inside) return inside;
    if (DomUtils.getElementById("divRplyFwdMsg", node.children, true)) return undefined;
  }
  return undefined;
}

/** The rule above the quote of Outlook for Windows, which has no element around the quote either. */
const wordQuote = /border-top:\s*solid\s*#(?:E1E1E1|B5C4DF)/i;
const bookmark = /mso-bookmark:\s*_MailAutoSig/i;

/**
 * The paragraphs that Outlook for Windows bookmarks as its signature: the first has an anchor, the others a style. Below
 * the rule of a quote they are another person's.
 */
function findBookmarked(nodes: readonly ChildNode[]): string | undefined {
  const elements = DomUtils.findAll(() => true, [...nodes]);
  const rule = elements.findIndex(({ attribs }) => wordQuote.test(attribs.style ?? ""));
  const own = rule < 0 ? elements : elements.slice(0, rule);
  const isMarked = ({ attribs }: Element) =>
    attribs.name === "_MailAutoSig" || bookmark.test(attribs.style ?? "");
  const paragraphs = new Set(own.filter(isMarked).flatMap((element) => toParagraph(element) ?? []));
  // The style sheet of Word, which is not kept, gives its paragraphs no margins.
  const all = [...paragraphs]
    .map((one) =>
      one.name === "p" ? `<div>${DomUtils.getInnerHTML(one)}</div>` : DomUtils.getOuterHTML(one),
    )
    .join("");
  return all || undefined;
}

/** The paragraph or table that holds an element. */
function toParagraph(element: Element): Element | undefined {
  for (let at: ParentNode | null = element; at && isTag(at); at = at.parent)
    if (["p", "table", "ul", "ol"].includes(at.name)) return at;
  return undefined;
}

/** Removes the delimiter with which Thunderbird's signature begins. */
const withoutDelimiter = (html: string) => html.replace(/^\s*--(?: |&nbsp;)?\s*<br\s*\/?>/i, "");
