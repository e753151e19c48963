/**
 * Renders emails and reads attachments in child processes, so that none of them holds the server, whatever it contains.
 * Small plain texts are rendered here: that takes less than the message to a child process.
 */
import { z } from "zod";
import type { Message } from "../child-process/messages.ts";
import type { ChildOutcome, ChildPool } from "../child-process/pool.ts";
import type { DocumentReader } from "../documents/sandbox.ts";
import type { Part } from "../email/part.ts";
import { type AttachmentText, noteOnly } from "./attachment-result.ts";
import { toAttachmentText } from "./attachment-text.ts";
import type { RenderableContents } from "./render-body.ts";
import { createLocalRenderer, renderParts } from "./render-task.ts";
import type { EncodedParts, RenderedParts, Renderer } from "./renderer.ts";
import type { PartBeginning } from "./snippet.ts";

/** Octets of text up to which it is rendered in this process. */
const maxLocalOctets = 16_384;
/** Octets of text up to which the files in it are found in this process; a search looks into fifty texts. */
const maxLocalFileOctets = 4_096;

const attachmentText = z.object({ text: z.string(), notes: z.array(z.string()) });
const renderedParts = attachmentText.extend({
  cutOctets: z.number(),
  complete: z.array(z.string()),
  embedded: z.array(z.custom<Part>()),
  byBoundaries: z.boolean().optional(),
  failed: z.boolean().optional(),
});

const words = z.array(z.string());
const fileList = z.array(z.custom<Part>());
/** A list is not worth more: a connection is held meanwhile. */
const wordLimits = { maxCpuMs: 1_000, maxMs: 3_000 };

/** The tasks of a child process that renders. Their pieces are octets. */
const renderTask = z.discriminatedUnion("task", [
  z.object({
    task: z.literal("body"),
    contents: z.custom<RenderableContents>(),
    request: z.custom<Parameters<Renderer["renderBody"]>[2]>(),
    /** The part number of each piece. */
    parts: z.array(z.string()),
  }),
  z.object({
    task: z.literal("words"),
    parts: z.array(
      z.object({
        type: z.string(),
        charset: z.string().optional(),
        encoding: z.string().optional(),
        charsetHints: z.custom<PartBeginning["charsetHints"]>().optional(),
      }),
    ),
  }),
  z.object({ task: z.literal("attachment"), part: z.custom<Part>(), depth: z.number() }),
  z.object({ task: z.literal("files"), part: z.custom<Part>() }),
  z.object({ task: z.literal("file"), part: z.custom<Part>(), position: z.number() }),
]);

/** `documents` has child processes of its own, which are allowed more time and memory. */
export function createChildRenderer(children: ChildPool, documents: DocumentReader): Renderer {
  const local = createLocalRenderer(documents);
  return {
    async renderBody(contents, octets, request, signal) {
      signal.throwIfAborted();
      if (isSmallPlainText(contents, octets)) return renderParts(contents, octets, request);
      const header: z.input<typeof renderTask> = {
        task: "body",
        contents: withoutChildren(contents),
        request,
        parts: [...octets.keys()],
      };
      const outcome = await children.run({ header, pieces: [...octets.values()] }, signal);
      if ("answer" in outcome) return renderedParts.parse(outcome.answer.header);
      return { ...noText, notes: [bodyFailures[outcome.failure]], failed: true };
    },
    readPictures: documents.readPictures,
    async listFiles(part, octets, signal) {
      if (octets.length <= maxLocalFileOctets) return local.listFiles(part, octets, signal);
      const header: z.input<typeof renderTask> = { task: "files", part: bare(part) };
      const outcome = await children.run({ header, pieces: [octets] }, signal);
      return "answer" in outcome ? fileList.parse(outcome.answer.header) : [];
    },
    async readFile(part, octets, position, signal) {
      if (octets.length <= maxLocalFileOctets) return local.readFile(part, octets, position, signal);
      const header: z.input<typeof renderTask> = { task: "file", part: bare(part), position };
      const outcome = await children.run({ header, pieces: [octets] }, signal);
      const [content] = "answer" in outcome ? outcome.answer.pieces : [];
      return content && Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    },
    async firstWords(parts, signal) {
      if (!parts.some(({ type }) => type === "text/html")) return local.firstWords(parts, signal);
      const header: z.input<typeof renderTask> = {
        task: "words",
        parts: parts.map(({ content: _, ...part }) => part),
      };
      const pieces = parts.map(({ content }) => content);
      const outcome = await children.run({ header, pieces }, signal, wordLimits);
      return "answer" in outcome ? words.parse(outcome.answer.header) : parts.map(() => "");
    },
    readAttachment: (bytes, part, signal, depth) =>
      toAttachmentText(bytes, part, documents, signal, {
        depth,
        async readElsewhere(file) {
          if (isSmallPlainFile(file.bytes, file.part))
            return local.readAttachment(file.bytes, file.part, file.signal, file.depth);
          const header: z.input<typeof renderTask> = {
            task: "attachment",
            part: file.part,
            depth: file.depth,
          };
          const outcome = await children.run({ header, pieces: [file.bytes] }, file.signal);
          if ("answer" in outcome) return attachmentText.parse(outcome.answer.header);
          return noteOnly(attachmentFailures[outcome.failure]);
        },
      }),
  };
}

const noText: RenderedParts = { text: "", notes: [], cutOctets: 0, complete: [], embedded: [] };

type Failure = Extract<ChildOutcome, { failure: unknown }>["failure"];

const bodyFailures: Readonly<Record<Failure, string>> = {
  timed_out:
    'This email takes too long to read; its text is not shown. Another format, "text" or "html", may be readable.',
  too_much_memory: "This email takes more memory to read than is allowed; its text is not shown.",
  ended: "The text cannot be shown: the process that read it ended unexpectedly.",
};

const attachmentFailures: Readonly<Record<Failure, string>> = {
  timed_out: "This file takes too long to read; a download link gives it.",
  too_much_memory: "This file takes more memory to read than is allowed; a download link gives it.",
  ended: "The file cannot be read: the process that read it ended unexpectedly. A download link gives it.",
};

function isSmallPlainText({ texts, calendars, report }: RenderableContents, octets: EncodedParts): boolean {
  const total = octets.values().reduce((sum, { length }) => sum + length, 0);
  const isPlain = texts.every(({ html, outlook, signed, further = [] }) => {
    return !html && !outlook && !signed && !further.some(({ type }) => type === "text/html");
  });
  return isPlain && calendars.length === 0 && !report && total <= maxLocalOctets;
}

/** A text file, as its declared type and its first characters have it, of a size that takes no time. */
function isSmallPlainFile(bytes: Buffer, { type }: Part): boolean {
  return bytes.length <= maxLocalOctets && type === "text/plain" && !bytes.includes("<");
}

const bare = (part: Part): Part => ({ ...part, children: [] });

/** Only the own facts of a part are rendered; an attached email may contain thousands. */
function withoutChildren(contents: RenderableContents): RenderableContents {
  const maybe = (part: Part | undefined) => part && bare(part);
  const { texts, calendars, attachments, signed, encrypted, report } = contents;
  return {
    texts: texts.map((text) => ({
      ...text,
      plain: maybe(text.plain),
      html: maybe(text.html),
      other: maybe(text.other),
      outlook: maybe(text.outlook),
      signed: maybe(text.signed),
      further: text.further?.map(bare),
    })),
    calendars: calendars.map(bare),
    attachments: attachments.map((attached) => ({ ...attached, part: bare(attached.part) })),
    signed,
    encrypted,
    report: report && { ...report, status: maybe(report.status) },
  };
}

/** Runs one task in a child process; returns the answer. */
export async function runRenderTask(
  header: unknown,
  pieces: readonly Uint8Array[],
  renderer: Renderer,
  signal: AbortSignal,
): Promise<Message> {
  const task = renderTask.parse(header);
  const buffers = pieces.map((piece) => Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
  const first = buffers[0] ?? Buffer.alloc(0);
  switch (task.task) {
    case "words": {
      const parts = task.parts.map((part, at) => ({ ...part, content: buffers[at] ?? Buffer.alloc(0) }));
      return headerOnly(await renderer.firstWords(parts, signal));
    }
    case "attachment":
      return headerOnly(await renderer.readAttachment(first, task.part, signal, task.depth));
    case "files":
      return headerOnly(await renderer.listFiles(task.part, first, signal));
    case "file": {
      const content = await renderer.readFile(task.part, first, task.position, signal);
      return { header: null, pieces: content ? [content] : [] };
    }
    case "body": {
      const octets = new Map(task.parts.map((part, at) => [part, buffers[at] ?? Buffer.alloc(0)]));
      return headerOnly(await renderer.renderBody(task.contents, octets, task.request, signal));
    }
  }
}

const headerOnly = (header: RenderedParts | AttachmentText | string[] | Part[]): Message => ({
  header,
  pieces: [],
});
