/** The result of reading a document as it passes from the child process to the server process: JSON, bytes in base64. */
import { z } from "zod";
import type { DocumentText, PagePictures } from "./document-text.ts";

/** Not checked by a pattern: that of zod takes time and stack for the megabytes that a file may have. */
const base64Bytes = z.string().transform((text): Uint8Array => Buffer.from(text, "base64"));
const page = z.int().positive();

const documentSchema = z.object({
  text: z.string(),
  notes: z.array(z.string()),
  files: z
    .array(
      z.object({
        name: z.string(),
        type: z.string().optional(),
        charset: z.string().optional(),
        bytes: base64Bytes,
      }),
    )
    .optional(),
  scan: z
    .object({ pages: z.array(z.object({ page, at: z.int().nonnegative() })), isWhole: z.boolean() })
    .optional(),
});

const picturesSchema = z.object({
  pictures: z.array(z.object({ page, mimeType: z.string(), bytes: base64Bytes })),
  tooLarge: z.array(page),
  nextPage: page.optional(),
});

export const encodeDocument = (document: DocumentText): string => encode(document);
export const encodePictures = (pictures: PagePictures): string => encode(pictures);

/** `JSON.stringify` calls `toJSON` of a Buffer before it asks the replacer: the bytes are replaced through their owner. */
const encode = (result: DocumentText | PagePictures) =>
  JSON.stringify(result, function (this: Record<string, unknown>, key, value: unknown) {
    const original = this[key];
    return original instanceof Uint8Array ? Buffer.from(original).toString("base64") : value;
  });

/** Throws when the text is not the output of `encodeDocument`. */
export const decodeDocument = (output: string): DocumentText => documentSchema.parse(JSON.parse(output));

/** Throws when the text is not the output of `encodePictures`. */
export const decodePictures = (output: string): PagePictures => picturesSchema.parse(JSON.parse(output));
