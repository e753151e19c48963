/** Lines of markdown, put together from words, breaks and prefixes. Knows nothing of HTML. */

export type MarkdownWriter = ReturnType<typeof createMarkdownWriter>;

/** Stands before lines that are quoted history, until they are folded or become "> ". Taken out of all text. */
export const historyMark = "\uE000";
/** The same before lines of a signature that HTML marks as one. */
export const signatureMark = "\uE001";

const opening = /[\s([{"'“‘/-]/;
const closing = /[\s.,;:!?)\]}…"'”’/-]/;

export function createMarkdownWriter() {
  const lines: string[] = [];
  let line = "";
  /** White space that stands before the next word of the line; none when no word follows. */
  let space = "";
  /** Something keeps the next word off, so that the two must not become one. */
  let gapPending = false;
  /** Marks such as ** that are open; on this line, how many of them are written. */
  const marks: string[] = [];
  let written = 0;
  /** Prefixes of lists and quotes; `first` is used once. `fresh`: nothing stands behind it yet. */
  const prefixes: { first: string | undefined; rest: string; fresh: boolean }[] = [];
  /** Whether an empty line should stand before the next text. */
  let blankPending = false;

  function closeMarks(downTo: number): void {
    while (written > downTo) {
      written -= 1;
      line += marks[written] ?? "";
    }
  }

  function takePrefix(): string {
    return prefixes
      .map((prefix) => {
        const text = prefix.first ?? prefix.rest;
        prefix.first = undefined;
        prefix.fresh = false;
        return text;
      })
      .join("");
  }

  function putBlank(): void {
    // A quote does not begin with an empty line of its own.
    if (blankPending && lines.length > 0 && !prefixes.at(-1)?.fresh)
      lines.push(
        prefixes
          .map(({ rest }) => rest)
          .join("")
          .trimEnd(),
      );
    blankPending = false;
  }

  function put(text: string): void {
    if (line === "") {
      putBlank();
      line = takePrefix();
      written = 0;
    } else if (gapPending && space === "" && !opening.test(line.slice(-1)) && !closing.test(text.slice(0, 1)))
      space = " ";
    gapPending = false;
    line += space;
    space = "";
    while (written < marks.length) {
      line += marks[written] ?? "";
      written += 1;
    }
    line += text;
  }

  function endLine(): void {
    space = "";
    gapPending = false;
    if (line === "") return;
    closeMarks(0);
    lines.push(line.trimEnd());
    line = "";
  }

  /** A line break as it is typed: two of them part paragraphs. */
  function lineBreak(): void {
    if (line === "") blankPending = true;
    endLine();
  }

  return {
    /** Words of running text: white space is one space, none at the ends of a line. */
    words(text: string): void {
      const pieces = text.split(/[ \t\n\r\f\u00a0\u2000-\u200a\u202f\u3000]+/);
      pieces.forEach((piece, at) => {
        if (at > 0 && line !== "") space ||= " ";
        if (piece !== "") put(piece);
      });
    },

    /** Text whose line breaks and spaces count. */
    preserved(text: string): void {
      text.split("\n").forEach((piece, at) => {
        if (at > 0) lineBreak();
        const start = piece.length - piece.trimStart().length;
        const end = piece.trimEnd().length;
        space += piece.slice(0, start);
        if (end <= start) return;
        put(piece.slice(start, end));
        space = piece.slice(end);
      });
    },

    /** A space, unless what stands there or comes is punctuation that clings to it. */
    gap(): void {
      gapPending = line !== "";
    },

    newLine: endLine,

    lineBreak,

    /** A new line with an empty one before it. */
    newParagraph(): void {
      endLine();
      blankPending = true;
    },

    /** `**` and the like around what `work` writes, closed and opened again at line breaks. */
    marked(mark: string, work: () => void): void {
      if (marks.includes(mark)) {
        work();
        return;
      }
      marks.push(mark);
      work();
      if (written === marks.length) closeMarks(marks.length - 1);
      marks.pop();
      written = Math.min(written, marks.length);
    },

    /** `first` before the first line that `work` writes, `rest` before the others. */
    prefixed(first: string, rest: string, work: () => void): void {
      endLine();
      putBlank();
      prefixes.push({ first, rest, fresh: true });
      work();
      endLine();
      prefixes.pop();
    },

    /** Lines that were written elsewhere. */
    lines(others: readonly string[]): void {
      for (const other of others) {
        endLine();
        if (other === "" || /^#{1,6} /.test(other)) blankPending = true;
        if (other !== "") put(other);
      }
      endLine();
    },

    /** Whether the next word would stand directly at the one before it. */
    touches: () => line !== "" && space === "",

    /** Everything written so far; an empty line at the end where one should follow. */
    finish(): string[] {
      endLine();
      return blankPending && lines.length > 0 ? [...lines, ""] : lines;
    },
  };
}
