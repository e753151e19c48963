/** Scanned pages of a PDF as pictures, beside the text that is shown of the file. */
import type { PagePictures } from "../../documents/document-text.ts";
import type { AttachmentText } from "../../readable/attachment-result.ts";
import type { Renderer } from "../../readable/renderer.ts";
import type { AttachmentContent } from "../reading.ts";

type Images = NonNullable<AttachmentContent["images"]>;

/** The part of a file that is shown, in characters of its text. */
type Range = { offset: number; maxCharacters: number };

type ScannedPages = {
  images: Images;
  /** The range, shorter when the pictures of its later pages did not fit. */
  range: Range;
  notes: string[];
};

/**
 * Reads the pictures of the pages in the range. Throws what the renderer throws once `signal` is aborted.
 */
export async function readScannedPages(
  bytes: Uint8Array,
  { scan }: AttachmentText,
  range: Range,
  renderer: Renderer,
  signal: AbortSignal,
): Promise<ScannedPages> {
  const end = range.offset + range.maxCharacters;
  const pages = (scan?.pages ?? []).filter(({ at }) => at >= range.offset && at < end);
  if (pages.length === 0) return { images: [], range, notes: [] };
  const numbers = pages.map(({ page }) => page);
  const found = await renderer.readPictures(bytes, numbers, signal);
  const next = pages.find(({ page }) => page === found.nextPage);
  return {
    images: found.pictures.map(({ page, mimeType, bytes: picture }) => ({
      page,
      mimeType,
      data: Buffer.from(picture).toString("base64"),
    })),
    // The first page of the range is always looked at.
    range: next && next.at > range.offset ? { ...range, maxCharacters: next.at - range.offset } : range,
    notes: describePictures(found),
  };
}

function describePictures({ pictures, tooLarge, nextPage }: PagePictures): string[] {
  const shown = pictures.map(({ page }) => page).join(", ");
  return [
    pictures.length === 1 ? `Page ${shown} is shown as a picture.` : "",
    pictures.length > 1 ? `Pages ${shown} are shown as pictures, in this order.` : "",
    nextPage === undefined ? "" : `The pictures from page ${nextPage} on come with the next offset.`,
    tooLarge.length === 0
      ? ""
      : `The pictures of these pages are larger than 1 MB and not shown: ${tooLarge.join(", ")}.`,
  ].filter((note) => note !== "");
}
