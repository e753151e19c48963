/**
 * What a person sees of a page, as text. Chromium's innerText knows neither colours nor sizes nor what is clipped or
 * far away, and has no words for pictures: those are settled first, by computed style and by where things are painted.
 * Shares nothing with our own reading of HTML, which it judges.
 */
import type { Page } from "playwright-core";

/** Changes the page. */
export function visibleText(page: Page): Promise<string> {
  return page.evaluate(readSeen);
}

/** Runs inside the page, so everything it needs is inside it. */
function readSeen(): string {
  type Colour = [red: number, green: number, blue: number, alpha: number];
  const styleOf = (element: Element) => getComputedStyle(element);

  function ancestors(node: Node): Element[] {
    const found: Element[] = [];
    for (let at = node.parentElement; at; at = at.parentElement) found.push(at);
    return found;
  }

  /** As Chromium writes computed colours: rgb(1, 2, 3) or rgba(1, 2, 3, 0.5). */
  function toColour(text: string): Colour | undefined {
    const parts = /^rgba?\(([^)]*)\)$/.exec(text)?.[1]?.split(",").map(Number);
    if (!parts || parts.some(Number.isNaN)) return undefined;
    const [red = 0, green = 0, blue = 0, alpha = 1] = parts;
    return [red, green, blue, alpha];
  }

  function over([red, green, blue, alpha]: Colour, [r, g, b]: Colour): Colour {
    const mix = (top: number, below: number) => top * alpha + below * (1 - alpha);
    return [mix(red, r), mix(green, g), mix(blue, b), 1];
  }

  /** WCAG 2.2, contrast ratio. */
  function contrast(a: Colour, b: Colour): number {
    const light = (colour: Colour) => {
      const [red = 0, green = 0, blue = 0] = colour
        .slice(0, 3)
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    };
    return Math.max(light(a), light(b)) / Math.min(light(a), light(b));
  }

  /** What is painted behind; undefined where a picture is. */
  function groundOf(node: Node): Colour | undefined {
    let ground: Colour | undefined = [255, 255, 255, 1];
    for (const element of ancestors(node).reverse()) {
      const { backgroundColor, backgroundImage } = styleOf(element);
      const colour = toColour(backgroundColor);
      if (backgroundImage !== "none") ground = undefined;
      else if (colour?.[3] === 1) ground = colour;
      else if (colour && ground) ground = over(colour, ground);
      const shapes = "rect, path, circle, ellipse, polygon, image, use";
      if (element.tagName.toLowerCase() === "svg" && element.querySelector(shapes)) ground = undefined;
    }
    return ground;
  }

  /** Where the text is painted, as far as no box cuts it off and no edge of the page is past. */
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
      return right - left < 1 || bottom - top < 1.5 || away
        ? []
        : [new DOMRect(left, top, right - left, bottom - top)];
    });
  }

  function isCutAway(element: Element): boolean {
    const { clip, clipPath, position, opacity, filter } = styleOf(element);
    const nothing = /^rect\((0px,? ?){4}\)$/.test(clip) && /absolute|fixed/.test(position);
    const cut = /^inset\((50|100)%|^circle\(0|^polygon\((0px[ ,]*)+\)/.test(clipPath);
    return nothing || cut || Number(opacity) < 0.05 || /opacity\(0\)/.test(filter);
  }

  function isSeen(node: Text): boolean {
    const parent = node.parentElement;
    if (!parent) return false;
    const { fontSize, webkitTextFillColor, fill, visibility } = styleOf(parent);
    if (visibility !== "visible" || Number.parseFloat(fontSize) < 2) return false;
    if (ancestors(node).some(isCutAway)) return false;
    const own = toColour(parent.closest("svg") ? fill : webkitTextFillColor);
    const ground = groundOf(node);
    if (own && ground && contrast(over(own, ground), ground) < 1.12) return false;
    return painted(node).length > 0;
  }

  /** Its words in the place of a thing, seen where the thing is. */
  function put(words: string, thing: Element): void {
    const span = document.createElement("span");
    // A picture parts the words around it.
    span.textContent = `\u00a0${words}\u00a0`;
    span.style.cssText = "font: 16px serif; color: black; background: white; display: inline";
    span.style.visibility = styleOf(thing).visibility;
    thing.replaceWith(span);
  }

  // A person can open them.
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
  // Where there is a gap, or another line, one word ends and the next begins.
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
