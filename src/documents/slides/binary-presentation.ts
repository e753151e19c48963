/**
 * PowerPoint presentations in the binary format before 2007 (.ppt, MS-PPT): the text records of each slide and of its
 * notes.
 */
import { createByteReader } from "../byte-reader.ts";
import { decodeUtf16 } from "../code-page.ts";
import type { StreamOf } from "../compound-stream.ts";
import { type DocumentText, maxTextCharacters, toNotes } from "../document-text.ts";

/** Record types (section 2.13.24). */
const types = {
  document: 0x03e8,
  slideAtom: 0x03ef,
  notesAtom: 0x03f1,
  slidePersistAtom: 0x03f3,
  slideShowInfo: 0x03f9,
  outlineTextReference: 0x0f9e,
  textCharacters: 0x0fa0,
  textBytes: 0x0fa8,
  slideList: 0x0ff0,
  userEdit: 0x0ff5,
  persistDirectory: 0x1772,
};

/** Lists of slides (section 2.4.14.3) by their instance. */
const lists = { slides: 0, notes: 2 };
const encryptedToken = 0xf3d1c4df;
/** In the flags of SlideShowSlideInfoAtom (section 2.6.6). */
const hiddenFlag = 0x0004;

const maxEdits = 1_000;
const maxObjects = 100_000;
const maxDepth = 20;
const headerBytes = 8;

type PptRecord = { type: number; instance: number; isContainer: boolean; body: Uint8Array };

/** A slide or notes page as the document lists it. `outline`: its texts that the list holds. */
type ListedSlide = { id: number; persistId: number; outline: string[] };

/** Throws when the file is damaged. */
export function readBinaryPresentation(streamOf: StreamOf): DocumentText {
  const stream = streamOf("PowerPoint Document") ?? new Uint8Array();
  const current = createByteReader((streamOf("Current User") ?? new Uint8Array()).subarray(headerBytes));
  current.uint32();
  if (current.uint32() === encryptedToken)
    return { text: "", notes: ["The presentation is protected by a password."] };
  const { offsets, documentId } = readPersistDirectory(stream, current.uint32());
  const partOf = (id: number) => recordAt(stream, offsets.get(id));
  const document = partOf(documentId);
  if (document?.type !== types.document) throw new Error("a presentation without its document record");
  const notesBySlide = new Map(
    listSlides(document, lists.notes).map((listed) => {
      const page = readSlide(partOf(listed.persistId), listed.outline);
      return [page.slideId, page.texts.join(" ").replace(/\n+/g, " ")];
    }),
  );
  let remainingCharacters = maxTextCharacters;
  const texts = listSlides(document, lists.slides).map((listed, at) => {
    const slide = readSlide(partOf(listed.persistId), listed.outline);
    const notes = notesBySlide.get(listed.id);
    const heading = `## Slide ${at + 1}${slide.isHidden ? " (hidden)" : ""}`;
    const blocks = remainingCharacters > 0 ? [...slide.texts, notes ? `Notes: ${notes}` : ""] : [];
    const text = [heading, ...blocks].filter((block) => block !== "").join("\n\n");
    remainingCharacters -= text.length;
    return text;
  });
  return { text: texts.join("\n\n"), notes: toNotes({ isCut: remainingCharacters <= 0 }) };
}

/** Follows the edits from the last one (section 2.3.3): where each part lies now, and which one is the document. */
function readPersistDirectory(stream: Uint8Array, lastEdit: number) {
  const offsets = new Map<number, number>();
  let documentId = 0;
  let at = lastEdit;
  for (let edits = 0; at !== 0 && edits < maxEdits; edits += 1) {
    const edit = recordAt(stream, at);
    if (edit?.type !== types.userEdit) break;
    const reader = createByteReader(edit.body.subarray(8));
    const previous = reader.uint32();
    addOffsets(offsets, recordAt(stream, reader.uint32()));
    if (edits === 0) documentId = reader.uint32();
    // An edit refers to an earlier one: anything else is a circle.
    if (previous >= at) break;
    at = previous;
  }
  return { offsets, documentId };
}

/** Adds the entries of a directory (section 2.3.4) that no later edit has replaced. */
function addOffsets(offsets: Map<number, number>, directory: PptRecord | undefined): void {
  if (directory?.type !== types.persistDirectory) return;
  const reader = createByteReader(directory.body);
  while (!reader.isAtEnd() && offsets.size < maxObjects) {
    const entry = reader.uint32();
    const firstId = entry & 0xfffff;
    for (let index = 0; index < entry >>> 20 && !reader.isAtEnd(); index += 1) {
      const offset = reader.uint32();
      if (!offsets.has(firstId + index)) offsets.set(firstId + index, offset);
    }
  }
}

/** Lists slides or notes with the texts that stand in the list itself (section 2.4.14.3). */
function listSlides(document: PptRecord, instance: number): ListedSlide[] {
  const slides: ListedSlide[] = [];
  for (const list of childrenOf(document)) {
    if (list.type !== types.slideList || list.instance !== instance) continue;
    for (const record of childrenOf(list)) {
      const text = textOf(record);
      if (record.type === types.slidePersistAtom) {
        const reader = createByteReader(record.body);
        const persistId = reader.uint32();
        reader.range(8);
        slides.push({ persistId, id: reader.uint32(), outline: [] });
      } else if (text !== undefined) slides.at(-1)?.outline.push(text);
    }
  }
  return slides;
}

/** Returns the texts of a slide or notes page in their order. `slideId`: the slide that a notes page belongs to. */
function readSlide(slide: PptRecord | undefined, outline: readonly string[]) {
  const texts: string[] = [];
  const used = new Set<number>();
  let isHidden = false;
  let slideId: number | undefined;
  for (const record of slide ? descendantsOf(slide, 0) : []) {
    const reader = createByteReader(record.body);
    if (record.type === types.notesAtom) slideId = reader.uint32();
    else if (record.type === types.slideShowInfo) {
      reader.range(10);
      isHidden ||= (reader.uint16() & hiddenFlag) !== 0;
    } else if (record.type === types.outlineTextReference) {
      const index = reader.uint32();
      used.add(index);
      texts.push(outline[index] ?? "");
    } else texts.push(textOf(record) ?? "");
  }
  const unused = outline.filter((_, index) => !used.has(index));
  return { texts: [...unused, ...texts].filter((text) => text !== ""), isHidden, slideId };
}

/** Undefined for a record that is not text; empty for the placeholder of a field, such as the number of the slide. */
function textOf({ type, body }: PptRecord): string | undefined {
  if (type !== types.textCharacters && type !== types.textBytes) return undefined;
  const text = type === types.textCharacters ? decodeUtf16(body) : new TextDecoder("iso-8859-1").decode(body);
  const shown = text.replace(/[\r\v]/g, "\n").trim();
  return shown === "*" ? "" : shown;
}

function* descendantsOf(record: PptRecord, depth: number): Generator<PptRecord> {
  for (const child of childrenOf(record)) {
    yield child;
    if (child.isContainer && depth < maxDepth) yield* descendantsOf(child, depth + 1);
  }
}

function* childrenOf({ body, isContainer }: PptRecord): Generator<PptRecord> {
  for (let at = 0; isContainer && at + headerBytes <= body.length; ) {
    const record = recordAt(body, at);
    if (!record) return;
    yield record;
    at += headerBytes + record.body.length;
  }
}

/** Reads a record (section 2.3.1), whose body may be cut by the end of the bytes. */
function recordAt(bytes: Uint8Array, at: number | undefined): PptRecord | undefined {
  if (at === undefined || at + headerBytes > bytes.length) return undefined;
  const reader = createByteReader(bytes.subarray(at));
  const head = reader.uint16();
  const type = reader.uint16();
  return {
    type,
    instance: head >>> 4,
    isContainer: (head & 0xf) === 0xf,
    body: reader.range(reader.uint32()),
  };
}
