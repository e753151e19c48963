/** Builders of workbooks in old formats, and of compound files (MS-CFB), by SheetJS. */
import { type BookType, CFB, type WorkBook, write } from "@e965/xlsx";

export const toWorkbookFile = (book: WorkBook, bookType: BookType): Buffer =>
  Buffer.from(write(book, { bookType, type: "buffer" }));

/** A compound file with these streams, whose names may have a storage before a slash. */
export function compoundFile(streams: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const file = CFB.utils.cfb_new();
  for (const [name, content] of Object.entries(streams))
    CFB.utils.cfb_add(file, `/${name}`, Buffer.from(content));
  return Buffer.from(CFB.write(file, { type: "buffer" }));
}
