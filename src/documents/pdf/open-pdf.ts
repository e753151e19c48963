/** Opening a PDF with pdf.js, without what reading its text and pictures does not need. */
import { getDocumentProxy } from "unpdf";
import { readCMap } from "./cmaps.ts";

export type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Pixels of the largest picture that is decoded: A4 at 400 dpi. Larger ones take more memory than is allowed. */
const maxPicturePixels = 16_000_000;

/**
 * Answers pdf.js's requests for files with the predefined CMaps of Asian scripts; text needs no other file. A function
 * declaration, because pdf.js calls it with `new`.
 */
function tableFactory() {
  const fetch = async ({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> => {
    if (kind !== "cMapUrl") throw new Error("not available");
    return readCMap(filename);
  };
  return { fetch };
}

/** Opens without fonts, scripts and XFA, which text does not need. Undefined when a password is needed. */
export async function openPdf(bytes: Uint8Array): Promise<Pdf | undefined> {
  try {
    return await getDocumentProxy(new Uint8Array(bytes), {
      enableXfa: false,
      disableFontFace: true,
      maxImageSize: maxPicturePixels,
      verbosity: 0,
      BinaryDataFactory: tableFactory,
    });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException") return undefined;
    throw error;
  }
}
