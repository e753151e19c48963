/**
 * The work of reading an email's text or an attachment: pure, from octets to text. child-renderer.ts runs it in a child
 * process where it may be heavy.
 */
import type { DocumentReader } from "../documents/sandbox.ts";
import { parseMultipartSource } from "../email/broken-structure.ts";
import { toEmailContents } from "../email/email-contents.ts";
import { embeddedFiles, partsWithFiles } from "../email/embedded-files.ts";
import type { MimeTree } from "../email/mime-tree.ts";
import { isOutlookFile, type Part } from "../email/part.ts";
import { decodePartContent } from "../email/part-content.ts";
import { toAttachmentText } from "./attachment-text.ts";
import { type RenderableContents, renderBody } from "./render-body.ts";
import type { EncodedParts, RenderedParts, Renderer, RenderRequest } from "./renderer.ts";
import { firstWordsOf } from "./snippet.ts";
import { isWinmailTextComplete } from "./winmail-text.ts";

/** Renders an email. Never throws. */
export function renderParts(
  contents: RenderableContents,
  octets: EncodedParts,
  request: RenderRequest,
): RenderedParts {
  const contentOf = (part: Part) => {
    const bytes = octets.get(part.part);
    return bytes && decodePartContent(part, bytes);
  };
  // The files in winmail.dat follow its text.
  const outlook = contents.texts.flatMap(({ outlook }) =>
    outlook && isOutlookFile(outlook) ? [outlook] : [],
  );
  const complete = outlook
    .filter((part) => isWinmailTextComplete(contentOf(part) ?? Buffer.alloc(0)))
    .map(({ part }) => part);
  const tree = multipartSourceIn(contents, octets);
  const rendered = tree
    ? renderBody(toEmailContents(tree.root), request, tree.content)
    : renderBody(contents, request, contentOf);
  return { ...rendered, complete, embedded: filesIn(contents, octets), byBoundaries: tree && true };
}

/** The parts in an email that is declared as plain text and is the source of several parts. */
function multipartSourceIn(
  { texts: [text, ...others], attachments }: RenderableContents,
  octets: EncodedParts,
): MimeTree | undefined {
  const source = text?.plain && !text.html && octets.get(text.plain.part);
  return source && others.length === 0 && attachments.length === 0 ? parseMultipartSource(source) : undefined;
}

/** The files inside plain text, without their content. */
function filesIn(contents: RenderableContents, octets: EncodedParts): Part[] {
  return partsWithFiles(contents).flatMap((part) =>
    listEmbeddedFiles(part, octets.get(part.part) ?? Buffer.alloc(0)),
  );
}

const listEmbeddedFiles = (part: Part, octets: Buffer): Part[] =>
  embeddedFiles(part, octets).map(({ content: _, ...file }) => file);

/** Renders in this process: for child processes, and for tests that are about something else. */
export function createLocalRenderer(documents: DocumentReader): Renderer {
  return {
    async renderBody(contents, octets, request, signal) {
      signal.throwIfAborted();
      return renderParts(contents, octets, request);
    },
    firstWords: async (parts) => parts.map(firstWordsOf),
    readAttachment: (bytes, part, signal, depth) =>
      toAttachmentText(bytes, part, documents, signal, { depth }),
    listFiles: async (part, octets) => listEmbeddedFiles(part, octets),
    readFile: async (part, octets, position) => embeddedFiles(part, octets)[position]?.content,
    readPictures: documents.readPictures,
  };
}
