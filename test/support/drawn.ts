/**
 * Draws many small HTML documents in Chromium and returns the share of a word's pixels that is painted in each. It shares
 * nothing with our reading of HTML, nor with computed styles: only pixels count.
 */
import { browser } from "./browser.ts";

const columns = 4;
const frame = { width: 250, height: 100 };
const host = "http://drawn.test/";

/** Everything as it is but for the glyphs. */
const withoutGlyphs =
  "<style>*,*::before{-webkit-text-fill-color:transparent!important;text-shadow:none!important;text-decoration-color:transparent!important}</style>";

/**
 * Draws each document in a frame of its own, with and without its glyphs, and counts the pixels that differ. Returns
 * for each document that number divided by the number of the first one.
 */
export async function drawnShares(documents: readonly string[]): Promise<number[]> {
  const context = await (await browser()).newContext({
    viewport: { width: columns * frame.width, height: Math.ceil(documents.length / columns) * frame.height },
  });
  try {
    const page = await context.newPage();
    await page.route("**/*", (route) => {
      const { pathname } = new URL(route.request().url());
      const [, kind, index] = pathname.split("/");
      const source = documents[Number(index)] ?? "";
      const body =
        kind === "board"
          ? toBoard(documents.length, index ?? "")
          : source + (kind === "bare" ? withoutGlyphs : "");
      return route.fulfill({ contentType: "text/html; charset=utf-8", body });
    });
    const images: string[] = [];
    for (const kind of ["drawn", "bare"]) {
      await page.goto(`${host}board/${kind}`, { waitUntil: "load" });
      images.push((await page.screenshot()).toString("base64"));
    }
    const counts = await page.evaluate(countChanges, { images, columns, frame, count: documents.length });
    return counts.map((count) => count / (counts[0] || 1));
  } finally {
    await context.close();
  }
}

function toBoard(count: number, kind: string): string {
  const { width, height } = frame;
  const frames = Array.from(
    { length: count },
    (_, at) =>
      `<iframe src="/${kind}/${at}" scrolling="no" style="position:absolute;border:0;width:${width}px;height:${height}px;left:${(at % columns) * width}px;top:${Math.floor(at / columns) * height}px"></iframe>`,
  );
  return `<!DOCTYPE html><body style="margin:0">${frames.join("")}</body>`;
}

type Drawing = { images: string[]; columns: number; frame: { width: number; height: number }; count: number };

/** Runs inside the page. */
async function countChanges({ images, columns, frame, count }: Drawing): Promise<number[]> {
  const [first, second] = await Promise.all(
    images.map(async (base64) => {
      const image = new Image();
      image.src = `data:image/png;base64,${base64}`;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = image.width;
      canvas.height = image.height;
      const drawing = canvas.getContext("2d");
      drawing?.drawImage(image, 0, 0);
      return drawing?.getImageData(0, 0, image.width, image.height);
    }),
  );
  if (!first || !second) return [];
  return Array.from({ length: count }, (_, at) => {
    let changes = 0;
    for (let y = 0; y < frame.height; y += 1)
      for (let x = 0; x < frame.width; x += 1) {
        const left = (at % columns) * frame.width + x;
        const top = Math.floor(at / columns) * frame.height + y;
        const offset = (top * first.width + left) * 4;
        const change = [0, 1, 2].some(
          (channel) =>
            Math.abs((first.data[offset + channel] ?? 0) - (second.data[offset + channel] ?? 0)) > 40,
        );
        if (change) changes += 1;
      }
    return changes;
  });
}
