/** The state that the rules of the Markdown renderer share. */
import type { AnyNode, Element } from "domhandler";
import type { LinkIndex } from "./link-index.ts";
import type { MarkdownWriter, WrittenText } from "./markdown-writer.ts";
import type { Style } from "./style-resolver.ts";
import type { InheritedContext } from "./visibility.ts";

/** Counts of what a rendering leaves out. */
export type HtmlOmissions = {
  hiddenWords: number;
  trackingPixels: number;
  /** Images without a description. */
  pictures: number;
  /** Zero-width characters. */
  invisibleCharacters: number;
  /** True when elements beyond the depth limit were skipped. */
  tooDeep: boolean;
};

/** Where nodes are written: the writer, the context they inherit, and their nesting depth. */
export type RenderTarget = { writer: MarkdownWriter; context: InheritedContext; depth: number };

/** One email while it is rendered. */
export type Rendering = {
  /** Makes text of the email safe to stand in the Markdown. */
  escapeText(text: string): string;
  styleOf(element: Element): Style;
  links: LinkIndex;
  /** `<base href>`, against which relative targets are resolved. */
  baseUrl: string | undefined;
  omissions: HtmlOmissions;
  /** Renders nodes to the target's writer. */
  renderNodes(nodes: readonly AnyNode[], target: RenderTarget): void;
  /** Renders nodes to lines of their own. */
  renderApart(nodes: readonly AnyNode[], context: InheritedContext, depth: number): string[];
  /** Renders nodes to lines, and says how they are separated from what stands around them. */
  renderWithin(nodes: readonly AnyNode[], context: InheritedContext, depth: number): WrittenText;
  /** True when the element is hidden with everything inside it; counts what is hidden. */
  omits(element: Element, style: Style, outer: InheritedContext): boolean;
};

/** One visible element while it is rendered; `context` is what its children inherit. */
export type Visit = RenderTarget & {
  rendering: Rendering;
  element: Element;
  style: Style;
  /** Renders the children, struck through where the element is. */
  renderChildren(): void;
};

/** Writes one kind of element. */
export type Rule = (visit: Visit) => void;
