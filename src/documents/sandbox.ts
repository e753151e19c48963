/**
 * Runs the readers of documents in a child process without our environment, under a deadline and a memory limit: a PDF
 * or an archive that is built to exhaust its reader ends that process and nothing else.
 *
 * In the child process run `read-document.ts` and everything that only it imports: zip-archive, compound-file,
 * zip-members, decompression, xml, relationships, document-writer, list-markers, spreadsheet-cells, word/, sheet/,
 * slides/, open-document/, outlook/, epub/ and pdf/.
 *
 * In the server process run this file, child-output, file-kind, cms and tnef/, with the rtf/, byte-reader, code-page and
 * inline-marks that tnef/ needs. They read bytes from strangers too, so each of them takes time and memory in proportion to its input
 * and never throws. rtf/ runs in both processes: the child process reads RTF attachments.
 */
import { childCommand } from "../child-process/command.ts";
import type { MemoryGuard } from "../child-process/memory-guard.ts";
import { limitResources } from "../child-process/resources.ts";
import { createSlots } from "../child-process/slots.ts";
import { AppError } from "../errors.ts";
import { decodeDocument, decodePictures } from "./child-output.ts";
import type { DocumentText, PagePictures } from "./document-text.ts";

export type DocumentReader = {
  /**
   * Reads a document of any format that `isReadableDocument` recognizes. A file that cannot be read has empty text and
   * a note that says so. Throws AppError timed_out after the deadline, and the signal's reason when it aborts.
   */
  read(bytes: Uint8Array, signal: AbortSignal): Promise<DocumentText>;
  /**
   * Reads those pages of a PDF that are one embedded picture each, up to five and 1 MB. No pictures when they cannot be
   * read within the limits. Throws the signal's reason when it aborts.
   */
  readPictures(bytes: Uint8Array, pages: readonly number[], signal: AbortSignal): Promise<PagePictures>;
};

/** The command of our program that reads one document from standard input and writes JSON to standard output. */
export const readDocumentCommand = "read-document";

/** Text of 2,000,000 characters, each of which may be escaped, and files of 8 MB in base64. */
const maxOutputBytes = 32_000_000;

/**
 * The largest files that are read take 290 MB; a PDF of 2 KB can ask for two gigabytes. Several at
 * once are limited by the memory guard; whatever it misses, the kernel ends before the server (becomeFirstOomVictim).
 */
const defaultMaxMemoryBytes = 350_000_000;
/** Pages that are looked at for pictures at a time. */
const maxPages = 200;

type DocumentReaderOptions = {
  deadlineMs?: number;
  maxProcesses?: number;
  maxMemoryBytes?: number;
  guard?: MemoryGuard;
};

/** `maxProcesses`: children that run at the same time; further documents wait in order of arrival. */
export function createDocumentReader({
  deadlineMs = 15_000,
  maxProcesses = 2,
  maxMemoryBytes = defaultMaxMemoryBytes,
  guard,
}: DocumentReaderOptions = {}): DocumentReader {
  const slots = createSlots(maxProcesses);

  async function run(bytes: Uint8Array, pages: readonly number[], signal: AbortSignal): Promise<ChildResult> {
    await slots.acquire(signal);
    try {
      return await runChild(bytes, { pages, deadlineMs, maxMemoryBytes, signal, guard });
    } finally {
      slots.release();
    }
  }

  return {
    async read(bytes, signal) {
      const result = await run(bytes, [], signal);
      if (result.output !== undefined) return decodeDocument(result.output);
      if (result.failure === "time")
        throw new AppError("timed_out", "Reading the file took too long.", {
          hint: "Ask for a download link instead.",
        });
      return { text: "", notes: [failureNotes[result.failure]] };
    },
    async readPictures(bytes, pages, signal) {
      const { output } = await run(bytes, pages.slice(0, maxPages), signal);
      return output === undefined ? { pictures: [], tooLarge: [] } : decodePictures(output);
    },
  };
}

type ChildResult =
  | { output: string; failure?: undefined }
  | { output?: undefined; failure: "memory" | "time" | "crash" };

const failureNotes = {
  memory: "Reading the file takes more memory than is allowed.",
  // A kill by a system that is short of memory, too.
  crash: "The file cannot be read: the process that read it ended unexpectedly.",
};

type ChildOptions = {
  /** Pages whose pictures are read; none for the text of a document. */
  pages: readonly number[];
  deadlineMs: number;
  maxMemoryBytes: number;
  guard: MemoryGuard | undefined;
  signal: AbortSignal;
};

/** Throws the signal's reason when it aborts. */
async function runChild(
  bytes: Uint8Array,
  { pages, deadlineMs, maxMemoryBytes, signal, guard }: ChildOptions,
): Promise<ChildResult> {
  const startedAt = performance.now();
  const argument = pages.length > 0 ? [pages.join(",")] : [];
  const child = Bun.spawn([...childCommand(readDocumentCommand), ...argument], {
    stdin: bytes,
    stdout: "pipe",
    stderr: "ignore",
    env: {},
    cwd: "/",
    timeout: deadlineMs,
    killSignal: "SIGKILL",
    signal,
    maxBuffer: maxOutputBytes,
  });
  const memory = limitResources(child, { maxMemoryBytes, guard });
  const [output, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]).finally(
    memory.stop,
  );
  if (signal.aborted) throw signal.reason;
  if (memory.exceeded()) return { failure: "memory" };
  if (child.signalCode === "SIGKILL" && performance.now() - startedAt >= deadlineMs)
    return { failure: "time" };
  return exitCode === 0 ? { output } : { failure: "crash" };
}
