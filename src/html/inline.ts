/** What stands within a line of an HTML email: pictures, links, and small letters above others. */
import { type AnyNode, type Element, isComment, isTag, isText } from "domhandler";
import type { Style } from "./css.ts";
import { blocks, padding, type Rendering } from "./markdown.ts";
import type { MarkdownWriter } from "./markdown-writer.ts";
import { isTrackingPixel, type Surroundings } from "./visible.ts";

export function renderImage(
  rendering: Rendering,
  writer: MarkdownWriter,
  image: Element,
  style: Style,
  here: Surroundings,
): void {
  if (here.invisible || isTrackingPixel(image, style)) {
    rendering.leftOut.trackingPixels += here.invisible ? 0 : 1;
    return;
  }
  const alt = (image.attribs.alt ?? "").replace(padding, "").replace(/\s+/g, " ").trim();
  if (alt === "") rendering.leftOut.pictures += 1;
  else {
    writer.gap();
    writer.words(`[image: ${rendering.write(alt.length > 200 ? `${alt.slice(0, 200)}…` : alt)}]`);
    writer.gap();
  }
}

/** Where the places of a picture lead; none of it is words that are shown. */
export function rememberAreas({ links, base }: Rendering, map: Element): void {
  for (const node of map.children)
    if (isTag(node) && node.name === "area") links.rememberPicture(resolve(node.attribs.href ?? "", base));
}

/** What stands on a button, and whether a box is ticked. */
export function showInput({ attribs }: Element): string {
  const type = attribs.type?.toLowerCase() ?? "";
  if (type === "checkbox") return "checked" in attribs ? "☑" : "☐";
  return /^(submit|button|reset)$/.test(type) ? (attribs.value ?? "") : "";
}

const longLink = 240;

export function renderLink(
  rendering: Rendering,
  writer: MarkdownWriter,
  anchor: Element,
  around: Surroundings,
  depth: number,
): void {
  // A place to jump to, such as the one Outlook makes of the header lines of what it quotes.
  if (!("href" in anchor.attribs)) {
    rendering.children(writer, anchor.children, around, depth + 1);
    return;
  }
  const pictures = rendering.leftOut.pictures;
  const lines = rendering.apart(anchor.children, around, depth + 1).filter((line) => line !== "");
  const text = lines.join(" ");
  const target = resolve(anchor.attribs.href ?? "", rendering.base);
  if (text === "") {
    if (rendering.leftOut.pictures > pictures) rendering.links.rememberPicture(target);
    // White space inside still parts the words around it.
    writer.words(" ");
    return;
  }
  const shown = rendering.links.show(target, text.replace(/\*\*|~~|^#+ /g, ""));
  // A link around a whole card: its heading bears it.
  const heading = lines.length > 1 ? lines.findIndex((line) => /^#{1,6} /.test(line)) : -1;
  if (shown && heading >= 0) {
    writer.lines(
      lines.map((line, at) =>
        at === heading ? line.replace(/^(#+ )(.*)$/, `$1[$2](${shown.replaceAll("$", "$$$$")})`) : line,
      ),
    );
    return;
  }
  // What is long without a heading: its lines stay lines.
  if (lines.length > 1 && text.length > longLink) {
    writer.lines(lines);
    if (shown) writer.words(`(${shown})`);
    writer.newLine();
    return;
  }
  if (isBlockLink(anchor)) writer.newLine();
  if (isLink(before(anchor))) writer.gap();
  const first = anchor.children[0];
  const last = anchor.children.at(-1);
  if (first && isText(first) && /^\s/.test(first.data)) writer.words(" ");
  const onlyPicture = /^\[image: [^\]]*\]$/.test(text);
  writer.words(shown ? `${onlyPicture ? text : `[${text}]`}(${shown})` : text);
  if (last && isText(last) && /\s$/.test(last.data)) writer.words(" ");
  if (isBlockLink(anchor)) writer.newLine();
}

/** What stands directly before, comments left away. */
function before(element: Element): AnyNode | null {
  let node = element.prev;
  while (node && isComment(node)) node = node.prev;
  return node;
}

const isLink = (node: AnyNode | null) => node !== null && isTag(node) && node.name === "a";

function isBlockLink(anchor: Element): boolean {
  return anchor.children.some((node) => isTag(node) && (blocks.has(node.name) || node.name === "br"));
}

/** A target on the sender's site, as `<base href>` makes it whole. */
function resolve(href: string, base: string | undefined): string {
  if (base === undefined || href.startsWith("#") || !URL.canParse(href, base)) return href;
  return new URL(href, base).href;
}

/** `10<sup>2</sup>` is not 102, nor is `$19<sup>99</sup>` $1999. */
export function renderSuperscript(
  rendering: Rendering,
  writer: MarkdownWriter,
  element: Element,
  around: Surroundings,
  depth: number,
): void {
  const text = wordsIn(rendering, element, around, depth);
  if (text !== "") writer.words(/^\[?\d/.test(text) && writer.touches() ? `^${text}` : text);
}

/** How a word is said, in small letters above it. */
export function renderRuby(
  rendering: Rendering,
  writer: MarkdownWriter,
  element: Element,
  around: Surroundings,
  depth: number,
): void {
  const text = wordsIn(rendering, element, around, depth);
  if (text !== "") writer.words(`(${text})`);
}

function wordsIn(rendering: Rendering, element: Element, around: Surroundings, depth: number): string {
  return rendering
    .apart(element.children, around, depth + 1)
    .join(" ")
    .trim();
}
