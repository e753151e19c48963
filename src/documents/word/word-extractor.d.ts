/** The part of word-extractor that reads .doc: its entry would add the packages that it needs for .docx. */
declare module "word-extractor/lib/word-ole-extractor.js" {
  type Options = { filterUnicode?: boolean };
  export default class WordOleExtractor {
    extract(reader: unknown): Promise<{
      getBody(options?: Options): string;
      getFootnotes(options?: Options): string;
      getEndnotes(options?: Options): string;
      getHeaders(options?: Options & { includeFooters?: boolean }): string;
      getFooters(options?: Options): string;
      getAnnotations(options?: Options): string;
      getTextboxes(options?: Options & { includeBody?: boolean }): string;
    }>;
  }
}
declare module "word-extractor/lib/buffer-reader.js" {
  export default class BufferReader {
    constructor(buffer: Buffer);
  }
}
