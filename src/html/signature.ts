/** The signature in the HTML of a sent email, by the marks that mail programs put on it. */
import { type ChildNode, type Element, isTag } from "domhandler";
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
  const found = findMarked(parseHtml(html).document.children);
  if (!found) return undefined;
  const clean = sanitizeHtml(serialize(found, { treeAdapter: adapter }));
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

/** Removes the delimiter with which Thunderbird's signature begins. */
const withoutDelimiter = (html: string) => html.replace(/^\s*--(?: |&nbsp;)?\s*<br\s*\/?>/i, "");
