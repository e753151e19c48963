/**
 * HTML of a received email for an email that is sent: an allow-list of elements and attributes (hast-util-sanitize) over
 * the tree that browsers build, so that what is checked is what mail programs will see.
 */
import { type AnyNode, type ChildNode, type Element, isTag, isText, type ParentNode } from "domhandler";
import * as DomUtils from "domutils";
import type { ElementContent, Element as HastElement, Root, RootContent } from "hast";
import { type Schema, sanitize } from "hast-util-sanitize";
import { html as parse5Html, serialize } from "parse5";
import { adapter } from "parse5-htmlparser2-tree-adapter";
import { blockElements } from "./elements.ts";
import { parseHtml, parseHtmlFragment } from "./parse.ts";

const allowed: ReadonlySet<string> = new Set(
  "a abbr acronym address area article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main map mark menu nav ol p pre q rp rt ruby s samp section small span strike strong style sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split(
    " ",
  ),
);
/** Elements that are removed with their content. */
const stripped: ReadonlySet<string> = new Set(
  "script iframe object embed applet template title textarea select audio video canvas noframes noembed svg math datalist input meta link base frame frameset".split(
    " ",
  ),
);
const attributes =
  "abbr align alt axis background bgcolor border cellpadding cellspacing class clear color colspan compact dir face height hidden hspace id lang name noshade nowrap role rowspan scope size span start style summary title type usemap valign value vspace width";

const schema: Schema = {
  tagNames: [...allowed],
  strip: [...stripped],
  attributes: {
    "*": attributes.split(" "),
    a: ["href", "target", "rel"],
    area: ["href", "shape", "coords"],
    img: ["src"],
    blockquote: ["cite"],
  },
  protocols: {
    href: ["http", "https", "mailto", "tel", "sms", "ftp", "webcal", "geo", "cid"],
    src: ["http", "https", "cid", "data"],
    background: ["http", "https", "cid"],
    cite: ["http", "https"],
  },
  ancestors: {},
  required: {},
  clobber: [],
  allowComments: false,
  allowDoctypes: false,
};

/** CSS that ran scripts in old mail programs. */
const activeCss = ["expression(", "javascript:", "vbscript:", "-moz-binding", "behavior:"];

function hasActiveCss(css: string): boolean {
  const dense = css.replace(/\s/g, "").toLowerCase();
  return activeCss.some((word) => dense.includes(word));
}

/** The style sheets and the content of the body, without anything that acts, loads documents or takes input. */
export function sanitizeHtml(html: string): string {
  const { document } = parseHtml(html);
  const [body] = DomUtils.getElementsByTagName("body", document, true, 1);
  const styles = DomUtils.getElementsByTagName("style", document, true, maxStyleSheets).filter(
    (style) => !body || !isInside(style, body),
  );
  const nodes = [...styles, ...(body ? body.children : [])];
  const root: Root = { type: "root", children: nodes.flatMap(toHast) };
  const clean = sanitize(root, schema);
  const target = adapter.createDocumentFragment();
  if (clean.type === "root") for (const node of clean.children) appendHast(target, node);
  return serialize(target, { treeAdapter: adapter });
}

const maxStyleSheets = 40;

/** Removes the images of a piece of HTML for which `isRemoved` is true. */
export function removeImages(
  html: string,
  isRemoved: (image: Element) => boolean,
): { html: string; removed: number } {
  const fragment = parseHtmlFragment(html);
  const images = DomUtils.getElementsByTagName("img", fragment, true).filter(isRemoved);
  if (images.length === 0) return { html, removed: 0 };
  for (const image of images) DomUtils.removeElement(image);
  return { html: serialize(fragment, { treeAdapter: adapter }), removed: images.length };
}

function isInside(node: AnyNode, ancestor: AnyNode): boolean {
  for (let parent = node.parent; parent; parent = parent.parent) if (parent === ancestor) return true;
  return false;
}

/** Comments are left out here, and elements of SVG and MathML with everything inside them. */
function toHast(node: ChildNode): ElementContent[] {
  if (isText(node)) return [{ type: "text", value: node.data }];
  if (!isTag(node) || (node.namespace ?? parse5Html.NS.HTML) !== parse5Html.NS.HTML) return [];
  const properties = Object.entries(node.attribs).filter(([, value]) => !hasActiveCss(value));
  if (node.name === "style" && hasActiveCss(DomUtils.textContent(node))) return [];
  if ("popover" in node.attribs || (node.name === "dialog" && !("open" in node.attribs))) return [];
  return [
    {
      type: "element",
      tagName: allowedName(node.name),
      properties: Object.fromEntries(node.name === "button" ? withButtonColors(properties) : properties),
      children: node.children.flatMap(toHast),
    },
  ];
}

/** An element that is not listed becomes a plain one, so that its style still holds for its content. */
function allowedName(name: string): string {
  if (allowed.has(name) || stripped.has(name)) return name;
  return blockElements.has(name) ? "div" : "span";
}

/** The text of a button stays in the colors that browsers give it. */
function withButtonColors(properties: readonly [string, string][]): [string, string][] {
  const style = properties.find(([name]) => name === "style")?.[1] ?? "";
  return [...properties, ["style", `color:black;background-color:#efefef;${style}`]];
}

function appendHast(parent: ParentNode, node: RootContent | ElementContent): void {
  if (node.type === "text") adapter.insertText(parent, node.value);
  if (node.type !== "element") return;
  const element = adapter.createElement(node.tagName, parse5Html.NS.HTML, attributesOf(node));
  adapter.appendChild(parent, element);
  for (const child of node.children) appendHast(element, child);
}

const attributesOf = ({ properties }: HastElement) =>
  Object.entries(properties).map(([name, value]) => ({ name, value: String(value) }));
