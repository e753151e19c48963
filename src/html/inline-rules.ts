/** Rules for elements within a line: emphasis, images, links, form fields, superscripts and ruby annotations. */
import { type AnyNode, type Element, isComment, isTag } from "domhandler";
import { isTrackingPixel } from "./hidden-elements.ts";
import { invisibleCharacters } from "./invisible-characters.ts";
import type { Edge, MarkdownWriter, WrittenText } from "./markdown-writer.ts";
import type { Rule, Visit } from "./rendering.ts";

const marked =
  (mark: string): Rule =>
  ({ writer, renderChildren }) =>
    writer.marked(mark, renderChildren);

const enclosed =
  (before: string, after: string): Rule =>
  ({ writer, renderChildren }) => {
    writer.words(before);
    renderChildren();
    writer.words(after);
  };

export const inlineRules: ReadonlyMap<string, Rule> = new Map([
  ["br", ({ writer }: Visit) => writer.lineBreak()],
  ["img", renderImage],
  ["a", renderLink],
  ...["b", "strong"].map((name) => [name, marked("**")] as const),
  ...["i", "em"].map((name) => [name, marked("*")] as const),
  ...["s", "strike", "del"].map((name) => [name, marked("~~")] as const),
  ["sup", renderSuperscript],
  ["rt", renderRuby],
  ["q", enclosed("“", "”")],
  ["svg", enclosed(" ", " ")],
  ["button", enclosed(" ", " ")],
  ["input", renderInput],
  ["map", renderImageMap],
]);

const maxAltCharacters = 200;

function renderImage({ rendering, writer, element, style, context }: Visit): void {
  const { omissions } = rendering;
  if (context.isInvisible || isTrackingPixel(element, style)) {
    omissions.trackingPixels += context.isInvisible ? 0 : 1;
    if (context.isInvisible) writer.gap();
    return;
  }
  const alt = (element.attribs.alt ?? "").replace(invisibleCharacters, "").replace(/\s+/g, " ").trim();
  if (alt === "") omissions.pictures += 1;
  else {
    const shown = alt.length > maxAltCharacters ? `${alt.slice(0, maxAltCharacters)}…` : alt;
    writer.gap();
    writer.words(`[image: ${rendering.escapeText(shown)}]`);
    writer.gap();
  }
}

/** The areas of an image map are targets without text. */
function renderImageMap({ rendering, element, renderChildren }: Visit): void {
  for (const node of element.children)
    if (isTag(node) && node.name === "area")
      rendering.links.addPicture(resolveTarget(node.attribs.href ?? "", rendering.baseUrl));
  renderChildren();
}

function renderInput({ rendering, writer, element }: Visit): void {
  writer.words(` ${rendering.escapeText(inputText(element))} `);
}

/** The text on a button; a box for a checkbox; nothing for fields that wait for input. */
function inputText({ attribs }: Element): string {
  const type = attribs.type?.toLowerCase() ?? "";
  if (type === "checkbox") return "checked" in attribs ? "☑" : "☐";
  return /^(submit|button|reset)$/.test(type) ? (attribs.value ?? "") : "";
}

/** Linked text longer than this many characters keeps its lines. */
const maxLinkLine = 240;

function renderLink({ rendering, writer, element, context, depth }: Visit): void {
  // An anchor to jump to: Outlook puts the header lines of a quoted email into one.
  if (!("href" in element.attribs)) {
    rendering.renderNodes(element.children, { writer, context, depth: depth + 1 });
    return;
  }
  const picturesBefore = rendering.omissions.pictures;
  const inside = rendering.renderWithin(element.children, context, depth + 1);
  const lines = inside.lines.filter((line) => line !== "");
  const text = lines.join(" ");
  const target = resolveTarget(element.attribs.href ?? "", rendering.baseUrl);
  if (text === "") {
    if (rendering.omissions.pictures > picturesBefore) rendering.links.addPicture(target);
    // Its content still separates the words around it.
    separate(writer, inside.start);
    return;
  }
  const shown = rendering.links.describeTarget(target, text.replace(/\*\*|~~|^#+ /g, ""));
  const heading = lines.length > 1 ? lines.findIndex((line) => /^#{1,6} /.test(line)) : -1;
  if (shown && heading >= 0)
    writer.lines(lines.map((line, at) => (at === heading ? linkHeading(line, shown) : line)));
  else if (lines.length > 1 && text.length > maxLinkLine) {
    writer.lines(lines);
    if (shown) writer.words(`(${shown})`);
    writer.newLine();
  } else writeLink({ writer, element }, inside, text, shown);
}

/** A link around a whole card is written on the card's heading. */
function linkHeading(line: string, target: string): string {
  const space = line.indexOf(" ");
  return `${line.slice(0, space)} [${line.slice(space + 1)}](${target})`;
}

function separate(writer: MarkdownWriter, edge: Edge): void {
  if (edge === "line") writer.newLine();
  if (edge === "space") writer.words(" ");
}

function writeLink(
  { writer, element }: Pick<Visit, "writer" | "element">,
  { start, end }: Pick<WrittenText, "start" | "end">,
  text: string,
  shown?: string,
): void {
  separate(writer, start);
  if (isLink(previousNode(element))) writer.gap();
  const isPicture = text.startsWith("[image: ") && text.indexOf("]") === text.length - 1;
  writer.words(shown ? `${isPicture ? text : `[${text}]`}(${shown})` : text);
  separate(writer, end);
}

function previousNode(element: Element): AnyNode | null {
  let node = element.prev;
  while (node && isComment(node)) node = node.prev;
  return node;
}

const isLink = (node: AnyNode | null) => node !== null && isTag(node) && node.name === "a";

/** Resolves a relative target against `<base href>`. */
function resolveTarget(href: string, baseUrl: string | undefined): string {
  if (baseUrl === undefined || href.startsWith("#") || !URL.canParse(href, baseUrl)) return href;
  return new URL(href, baseUrl).href;
}

/** `10<sup>2</sup>` is not 102, and `$19<sup>99</sup>` is not $1999. */
function renderSuperscript(visit: Visit): void {
  const { writer } = visit;
  const { text, start, end } = textInside(visit);
  separate(writer, start);
  if (text !== "") writer.words(/^\[?\d/.test(text) && writer.touches() ? `^${text}` : text);
  separate(writer, end);
}

/** A ruby annotation tells how the word before it is pronounced. */
function renderRuby(visit: Visit): void {
  const { text } = textInside(visit);
  if (text !== "") visit.writer.words(`(${text})`);
}

function textInside({ rendering, element, context, depth }: Visit): WrittenText & { text: string } {
  const written = rendering.renderWithin(element.children, context, depth + 1);
  return { ...written, text: written.lines.join(" ").trim() };
}
