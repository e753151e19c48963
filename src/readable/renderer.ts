/** The interface of the renderer of emails and attachments: in child processes (child-renderer.ts) or in this one (render-task.ts). */
import type { DocumentReader } from "../documents/sandbox.ts";
import type { CharsetHints } from "../email/charset-guess.ts";
import type { Part } from "../email/part.ts";
import type { AttachmentText } from "./attachment-result.ts";
import type { EmailFormat } from "./email-format.ts";
import type { RenderableContents, RenderedBody } from "./render-body.ts";
import type { PartBeginning } from "./snippet.ts";

export type RenderRequest = {
  format: EmailFormat;
  /** The subject says that the email forwards another one. */
  forward: boolean;
  /** From the headers of the email. */
  charsetHints?: CharsetHints;
};

/** Octets of parts as they are encoded in the email, from their beginnings, by part number. */
export type EncodedParts = ReadonlyMap<string, Buffer>;

export type Renderer = {
  /**
   * Renders the octets of an email that are known. An email that cannot be rendered has empty text, a note that says
   * why, and `failed`. Throws the signal's reason alone.
   */
  renderBody(
    contents: RenderableContents,
    octets: EncodedParts,
    request: RenderRequest,
    signal: AbortSignal,
  ): Promise<RenderedParts>;
  /** The first words of each part; empty where there are none, and where they take too long to find. */
  firstWords(parts: readonly PartBeginning[], signal: AbortSignal): Promise<string[]>;
  /** Reads an attachment, or with `depth` 1 a file inside of one. One that cannot be read has a note that says why. Throws the signal's reason, and timed_out. */
  readAttachment(bytes: Buffer, part: Part, signal: AbortSignal, depth?: number): Promise<AttachmentText>;
  /**
   * The files inside the plain text of a part, without their content; none where they take too long to find. `octets`:
   * the part with its transfer encoding. Throws the signal's reason alone.
   */
  listFiles(part: Part, octets: Buffer, signal: AbortSignal): Promise<Part[]>;
  /** The content of one of these files, by its position among them; undefined where it cannot be read. */
  readFile(part: Part, octets: Buffer, position: number, signal: AbortSignal): Promise<Buffer | undefined>;
  /** Reads the pages of a PDF that are one picture each, as the document reader does. */
  readPictures: DocumentReader["readPictures"];
};

export type RenderedParts = RenderedBody & {
  /** Numbers of parts of which no more octets are needed. */
  complete: string[];
  /** The files inside plain text. */
  embedded: Part[];
  /** True when text declared as plain turned out to be the source of several parts. */
  byBoundaries?: boolean;
  /** Rendering it again is no use. */
  failed?: boolean;
};
