/**
 * The text of a page that a person sees. Chromium's innerText ignores colors, sizes, clipping and positions, and has no
 * text for images; these are resolved first, by computed style and painted boxes. Independent of the product's HTML
 * reader, which it verifies.
 */
import type { Page } from "playwright-core";

/** Returns the visible text of a page, and changes the page. */
export function visibleText(page: Page): Promise<string> {
  return page.evaluate(readSeen);
}

/** Runs inside the page, so that everything it uses is declared inside it. */
function readSeen(): string {
  type Color = [red: number, green: number, blue: number, alpha: number];
  const styleOf = (element: Element) => getComputedStyle(element);

  function ancestors(node: Node): Element[] {
    const found: Element[] = [];
    for (let at = node.parentElement; at; at = at.parentElement) found.push(at);
    return found;
  }

  /** Parses a computed color: rgb(1, 2, 3) or rgba(1, 2, 3, 0.5). */
  function toColor(text: string): Color | undefined {
    const parts = /^rgba?\(([^)]*)\)$/.exec(text)?.[1]?.split(",").map(Number);
    if (!parts || parts.some(Number.isNaN)) return undefined;
    const [red = 0, green = 0, blue = 0, alpha = 1] = parts;
    return [red, green, blue, alpha];
  }

  function over([red, green, blue, alpha]: Color, [r, g, b]: Color): Color {
    const mix = (top: number, below: number) => top * alpha + below * (1 - alpha);
    return [mix(red, r), mix(green, g), mix(blue, b), 1];
  }

  /** Contrast ratio (WCAG 2.2). */
  function contrast(a: Color, b: Color): number {
    const light = (color: Color) => {
      const [red = 0, green = 0, blue = 0] = color
        .slice(0, 3)
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    };
    return Math.max(light(a), light(b)) / Math.min(light(a), light(b));
  }

  /** Returns the color behind a node; undefined on an image. */
  function backgroundOf(node: Node): Color | undefined {
    let background: Color | undefined = [255, 255, 255, 1];
    for (const element of ancestors(node).reverse()) {
      const { backgroundColor, backgroundImage } = styleOf(element);
      const color = toColor(backgroundColor);
      if (backgroundImage !== "none") background = undefined;
      else if (color?.[3] === 1) background = color;
      else if (color && background) background = over(color, background);
      const shapes = "rect, path, circle, ellipse, polygon, image, use";
      if (element.tagName.toLowerCase() === "svg" && element.querySelector(shapes)) background = undefined;
    }
    return background;
  }

  /** Returns the painted boxes of a text that are neither clipped nor outside the page. */
  function painted(node: Node): DOMRect[] {
    const range = document.createRange();
    range.selectNodeContents(node);
    const clips = ancestors(node)
      .filter((element) => element !== document.body && element !== document.documentElement)
      .filter((element) => styleOf(element).overflow !== "visible" && styleOf(element).display !== "inline")
      .map((element) => element.getBoundingClientRect());
    return [...range.getClientRects()].flatMap((rect) => {
      const left = Math.max(rect.left, ...clips.map((clip) => clip.left));
      const right = Math.min(rect.right, ...clips.map((clip) => clip.right));
      const top = Math.max(rect.top, ...clips.map((clip) => clip.top));
      const bottom = Math.min(rect.bottom, ...clips.map((clip) => clip.bottom));
      const away = right <= 0 || bottom <= 0 || left > 5_000;
      return right - left < 1 || bottom - top < Math.max(1.5, 0.35 * rect.height) || away
        ? []
        : [new DOMRect(left, top, right - left, bottom - top)];
    });
  }

  function isCutAway(element: Element): boolean {
    const { clip, clipPath, position, filter } = styleOf(element);
    const nothing = /^rect\((0px,? ?){4}\)$/.test(clip) && /absolute|fixed/.test(position);
    const cut = /^inset\((50|100)%|^circle\(0|^polygon\((0px[ ,]*)+\)/.test(clipPath);
    return nothing || cut || /opacity\(0\)/.test(filter);
  }

  function isSeen(node: Text): boolean {
    const parent = node.parentElement;
    if (!parent) return false;
    const { fontSize, webkitTextFillColor, fill, visibility } = styleOf(parent);
    if (visibility !== "visible" || Number.parseFloat(fontSize) < 2) return false;
    if (ancestors(node).some(isCutAway)) return false;
    const opacity = ancestors(node).reduce(
      (product, element) => product * Number(styleOf(element).opacity),
      1,
    );
    if (opacity < 0.05) return false;
    const own = toColor(parent.closest("svg") ? fill : webkitTextFillColor);
    const background = backgroundOf(node);
    if (own && background && contrast(over(own, background), background) < 1.12) return false;
    return painted(node).length > 0;
  }

  /** Replaces an element by text that is visible where the element was. */
  function put(words: string, thing: Element): void {
    const span = document.createElement("span");
    // An image separates the words around it.
    span.textContent = `\u00a0${words}\u00a0`;
    span.style.cssText = "font: 16px serif; color: black; background: white; display: inline";
    span.style.visibility = styleOf(thing).visibility;
    thing.replaceWith(span);
  }

  // A person can open them by a click.
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const select of document.querySelectorAll("select"))
    put([...select.options].map(({ text }) => text).join(" "), select);
  for (const image of document.querySelectorAll("img")) {
    const { width, height } = image.getBoundingClientRect();
    if (width > 2 && height > 2) put(image.alt, image);
    else image.remove();
  }
  for (const input of document.querySelectorAll("input"))
    if (/^(submit|button|reset)$/.test(input.type)) put(input.value, input);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  const shown = texts.filter((text) => text.data.trim() !== "");
  const unseen = shown.filter((text) => !isSeen(text));
  const seen = shown.filter((text) => !unseen.includes(text));
  const places = seen.map(painted);
  for (const text of unseen) text.data = "";
  // A gap or another line separates words.
  seen.forEach((text, at) => {
    const before = places[at - 1]?.at(-1);
    const here = places[at]?.[0];
    if (!before || !here) return;
    const beside = here.left - before.right > 2 || here.right < before.left;
    const middle = ({ top, height }: DOMRect) => top + height / 2;
    const above = Math.abs(middle(here) - middle(before)) > Math.min(here.height, before.height) / 2;
    if (beside || above) text.data = `\u00a0${text.data}`;
  });
  return document.body.innerText;
}
