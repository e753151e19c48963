/** The result of reading a document as it passes from the child process to the server process: JSON, bytes in base64. */
import { z } from "zod";
import type { DocumentText } from "./document-text.ts";

const base64Bytes = z.base64().transform((text): Uint8Array => Buffer.from(text, "base64"));

const schema = z.object({
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
});

export function encodeOutput({ text, notes, files }: DocumentText): string {
  const encoded = files?.map((file) => ({ ...file, bytes: Buffer.from(file.bytes).toString("base64") }));
  return JSON.stringify({ text, notes, files: encoded });
}

/** Throws when the text is not the output of `encodeOutput`. */
export const decodeOutput = (output: string): DocumentText => schema.parse(JSON.parse(output));
