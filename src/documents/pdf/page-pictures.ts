/**
 * Pages of a scanned PDF that consist of one embedded picture, as that picture: a JPEG as it is in the file, any other
 * as PNG. Nothing is drawn.
 */
import { getResolvedPDFJS } from "unpdf";
import { z } from "zod";
import type { PagePicture, PagePictures } from "../document-text.ts";
import { findJpeg } from "./jpeg-stream.ts";
import { openPdf, type Pdf } from "./open-pdf.ts";
import { encodePng, type Pixels } from "./png.ts";

const maxPictures = 5;
/** Bytes of all pictures of one answer. */
const maxPictureBytes = 1_000_000;
/** No further page is begun after this time, below the deadline of the child process. */
const maxReadingMs = 8_000;
/** The least part of its page that a picture covers. */
const minCoverage = 0.5;

type Page = Awaited<ReturnType<Pdf["getPage"]>>;

/** A picture as pdf.js decodes it (its ImageKind): black and white, RGB, RGBA. */
const decodedPicture = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  kind: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  data: z.union([z.instanceof(Uint8Array), z.instanceof(Uint8ClampedArray)]),
  ref: z.string().nullish(),
});
const channelsOf = { 1: "1 bit", 2: 3, 3: 4 } as const;

/** `numbers`: the pages to look at, in their order. Throws when the file is damaged. */
export async function readPagePictures(bytes: Uint8Array, numbers: readonly number[]): Promise<PagePictures> {
  const startedAt = performance.now();
  const pdf = await openPdf(bytes);
  const pictures: PagePicture[] = [];
  const tooLarge: number[] = [];
  let remainingBytes = maxPictureBytes;
  for (const page of numbers) {
    if (page !== numbers[0] && performance.now() - startedAt > maxReadingMs)
      return { pictures, tooLarge, nextPage: page };
    const picture = pdf && (await readPagePicture(pdf, page, Buffer.from(bytes)));
    if (!picture) continue;
    if (picture.bytes.length > maxPictureBytes) {
      tooLarge.push(page);
      continue;
    }
    if (pictures.length === maxPictures || picture.bytes.length > remainingBytes)
      return { pictures, tooLarge, nextPage: page };
    remainingBytes -= picture.bytes.length;
    pictures.push({ page, ...picture });
  }
  return { pictures, tooLarge };
}

/** Undefined for a page that is not one picture, or whose picture cannot be decoded. */
async function readPagePicture(pdf: Pdf, number: number, file: Buffer) {
  try {
    const page = await pdf.getPage(number);
    const id = await pictureIdOf(page);
    const decoded = id === undefined ? undefined : decodedPicture.safeParse(await objectOf(page, id)).data;
    page.cleanup();
    if (!decoded) return undefined;
    const jpeg = decoded.ref ? findJpeg(file, decoded.ref) : undefined;
    if (jpeg) return { mimeType: "image/jpeg", bytes: jpeg };
    const { width, height, kind, data } = decoded;
    const pixels: Pixels = {
      width,
      height,
      channels: channelsOf[kind],
      data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    };
    return { mimeType: "image/png", bytes: encodePng(pixels) };
  } catch {
    return undefined;
  }
}

/** Returns the id of the only picture of a page if it covers most of it. */
async function pictureIdOf(page: Page): Promise<string | undefined> {
  const { OPS } = await getResolvedPDFJS();
  const { fnArray, argsArray } = await page.getOperatorList();
  const painting = new Set([
    OPS.paintImageXObject,
    OPS.paintInlineImageXObject,
    OPS.paintImageMaskXObject,
    OPS.paintImageXObjectRepeat,
    OPS.paintImageMaskXObjectRepeat,
    OPS.paintImageMaskXObjectGroup,
    OPS.paintInlineImageXObjectGroup,
  ]);
  const painted = fnArray.flatMap((operator, at) => (painting.has(operator) ? [at] : []));
  const [only] = painted;
  if (only === undefined || painted.length > 1 || fnArray[only] !== OPS.paintImageXObject) return undefined;
  const [left = 0, bottom = 0, right = 0, top = 0] = page.view;
  const area = Math.abs((right - left) * (top - bottom));
  const scales = scalesBefore(fnArray.slice(0, only), argsArray, OPS);
  const id: unknown = argsArray[only]?.[0];
  return scales >= area * minCoverage && typeof id === "string" ? id : undefined;
}

/** The area of the unit square, as which a picture is painted, after the transformations so far (section 8.9.5). */
function scalesBefore(
  operators: readonly number[],
  argsArray: readonly unknown[],
  { save, restore, transform }: { save: number; restore: number; transform: number },
): number {
  const saved: number[] = [];
  let area = 1;
  for (const [at, operator] of operators.entries()) {
    if (operator === save) saved.push(area);
    if (operator === restore) area = saved.pop() ?? 1;
    if (operator !== transform) continue;
    const [a = 0, b = 0, c = 0, d = 0] = z.array(z.number()).catch([]).parse(argsArray[at]);
    area *= Math.abs(a * d - b * c);
  }
  return area;
}

/** pdf.js hands over decoded pictures later than the list of operators; those of several pages are common objects. */
function objectOf(page: Page, id: string): Promise<unknown> {
  const objects = id.startsWith("g_") ? page.commonObjs : page.objs;
  return new Promise((resolve) => objects.get(id, resolve));
}
