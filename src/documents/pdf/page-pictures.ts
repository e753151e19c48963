/**
 * Pages of a scanned PDF that consist of one embedded picture, as that picture: a JPEG as it is in the file, any other
 * as PNG, one in strips with the strips joined. Nothing is drawn.
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

/** Undefined for a page that is not one picture, whole or in strips, or whose picture cannot be decoded. */
async function readPagePicture(pdf: Pdf, number: number, file: Buffer) {
  try {
    const page = await pdf.getPage(number);
    const strips: DecodedPicture[] = [];
    for (const id of await stripsOf(page)) strips.push(decodedPicture.parse(await objectOf(page, id)));
    page.cleanup();
    const [first] = strips;
    if (!first) return undefined;
    const jpeg = strips.length === 1 && first.ref ? findJpeg(file, first.ref) : undefined;
    if (jpeg) return { mimeType: "image/jpeg", bytes: jpeg };
    const pixels = joinStrips(strips);
    return pixels && { mimeType: "image/png", bytes: encodePng(pixels) };
  } catch {
    return undefined;
  }
}

type DecodedPicture = z.infer<typeof decodedPicture>;

/** The rows of all strips, one below the other; undefined for strips that do not fit. */
function joinStrips(strips: readonly DecodedPicture[]): Pixels | undefined {
  const [{ width, kind } = { width: 0, kind: 1 as const }] = strips;
  if (strips.some((strip) => strip.width !== width || strip.kind !== kind)) return undefined;
  const rows = strips.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.length));
  const height = strips.reduce((sum, strip) => sum + strip.height, 0);
  return { width, height, channels: channelsOf[kind], data: Buffer.concat(rows) };
}

/** Scanners write a page in strips of some hundred rows. */
const maxStrips = 64;

/** The ids of the pictures that a page consists of, from its top: one that covers most of it, or strips that do. */
async function stripsOf(page: Page): Promise<string[]> {
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
  if (painted.length > maxStrips || painted.some((at) => fnArray[at] !== OPS.paintImageXObject)) return [];
  const [left = 0, bottom = 0, right = 0, top = 0] = page.view;
  const area = Math.abs((right - left) * (top - bottom));
  const strips = painted.flatMap((at) => {
    const id: unknown = argsArray[at]?.[0];
    return typeof id === "string" ? [{ id, box: boxAt(fnArray.slice(0, at), argsArray, OPS) }] : [];
  });
  const covered = strips.reduce((sum, { box }) => sum + box.area, 0);
  if (strips.length !== painted.length || covered < area * minCoverage || !areStacked(strips)) return [];
  return strips.toSorted((a, b) => b.box.top - a.box.top).map(({ id }) => id);
}

/** Where a picture is painted, in points. */
type Box = { left: number; right: number; top: number; bottom: number; area: number };

/** Points by which strips may be apart or overlap. */
const slackPoints = 1.5;

/** True for a single picture, and for strips of one width that follow each other without a gap. */
function areStacked(strips: readonly { box: Box }[]): boolean {
  const boxes = strips.map(({ box }) => box).toSorted((a, b) => b.top - a.top);
  return boxes.every((box, at) => {
    const above = boxes[at - 1];
    if (!above) return true;
    const distances = [above.left - box.left, above.right - box.right, above.bottom - box.top];
    return distances.every((distance) => Math.abs(distance) <= slackPoints);
  });
}

type Matrix = [a: number, b: number, c: number, d: number, e: number, f: number];
const identity: Matrix = [1, 0, 0, 1, 0, 0];
const matrix = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]);

/** The unit square, as which a picture is painted, after the transformations so far (sections 8.3.4, 8.9.5). */
function boxAt(
  operators: readonly number[],
  argsArray: readonly unknown[],
  { save, restore, transform }: { save: number; restore: number; transform: number },
): Box {
  const saved: Matrix[] = [];
  let current = identity;
  for (const [at, operator] of operators.entries()) {
    if (operator === save) saved.push(current);
    if (operator === restore) current = saved.pop() ?? identity;
    if (operator === transform) current = multiply(current, matrix.catch(identity).parse(argsArray[at]));
  }
  const [a, b, c, d, e, f] = current;
  const xs = [e, e + a, e + c, e + a + c];
  const ys = [f, f + b, f + d, f + b + d];
  return {
    left: Math.min(...xs),
    right: Math.max(...xs),
    top: Math.max(...ys),
    bottom: Math.min(...ys),
    area: Math.abs(a * d - b * c),
  };
}

function multiply([a, b, c, d, e, f]: Matrix, [g, h, i, j, k, l]: Matrix): Matrix {
  return [a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f];
}

/** pdf.js hands over decoded pictures later than the list of operators; those of several pages are common objects. */
function objectOf(page: Page, id: string): Promise<unknown> {
  const objects = id.startsWith("g_") ? page.commonObjs : page.objs;
  return new Promise((resolve) => objects.get(id, resolve));
}
