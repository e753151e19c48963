/** The part of word-extractor that reads .doc: its entry would add the packages that it needs for .docx. */
declare module "word-extractor/lib/word-ole-extractor.js" {
  type Options = { filterUnicode?: boolean };
  export type WordText = {
    getBody(options?: Options): string;
    getFootnotes(options?: Options): string;
    getEndnotes(options?: Options): string;
    getHeaders(options?: Options & { includeFooters?: boolean }): string;
    getFooters(options?: Options): string;
    getAnnotations(options?: Options): string;
    getTextboxes(options?: Options & { includeBody?: boolean }): string;
  };
  /** A run of text in one encoding. `startFilePos`, `endFilePos`: octets of the stream; `bpc`: octets of a character. */
  export type Piece = { text: string; startFilePos: number; endFilePos: number; bpc: number };
  export default class WordOleExtractor {
    extract(reader: unknown): Promise<WordText>;
    _pieces: Piece[];
    /** Called when all pieces are read; makes the text of them. */
    buildDocument(): WordText;
    /** `buffer`: the stream WordDocument; `tableBuffer`: 0Table or 1Table. */
    writeParagraphProperties(buffer: Buffer, tableBuffer: Buffer): void;
  }
}
declare module "word-extractor/lib/buffer-reader.js" {
  export default class BufferReader {
    constructor(buffer: Buffer);
  }
}
