/** Lines of markdown, put together from words, breaks and prefixes. Knows nothing of HTML. */

export type MarkdownWriter = ReturnType<typeof createMarkdownWriter>;

/** Stands before lines that are quoted history, until they are folded or become "> ". Taken out of all text. */
export const historyMark = "\uE000";
/** The same before lines of a signature that HTML marks as one. */
export const signatureMark = "\uE001";

export function createMarkdownWriter() {
  const lines: string[] = [];
  let line = "";
  let spacePending = false;
  /** Marks such as ** that are open; on this line, how many of them are written. */
  const marks: string[] = [];
  let written = 0;
  /** Prefixes of lists and quotes; `first` is used once. */
  const prefixes: { first: string | undefined; rest: string }[] = [];
  /** Whether an empty line should stand before the next text. */
  let blankPending = false;
  /** How many lines there were when the innermost prefix began: none of its own is empty before its first. */
  let begun = 0;

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
        return text;
      })
      .join("");
  }

  function put(text: string): void {
    if (line === "") {
      if (blankPending && lines.length > begun)
        lines.push(
          prefixes
            .map(({ rest }) => rest)
            .join("")
            .trimEnd(),
        );
      blankPending = false;
      line = takePrefix();
      written = 0;
    } else if (spacePending) line += " ";
    spacePending = false;
    while (written < marks.length) {
      line += marks[written] ?? "";
      written += 1;
    }
    line += text;
  }

  function endLine(): void {
    spacePending = false;
    if (line === "") return;
    closeMarks(0);
    lines.push(line.trimEnd());
    line = "";
  }

  return {
    /** Words of running text: white space is one space, none at the ends of a line. */
    words(text: string): void {
      const pieces = text.split(/[ \t\n\r\f\u00a0\u2000-\u200a\u202f\u3000]+/);
      pieces.forEach((piece, at) => {
        if (at > 0 && line !== "") spacePending = true;
        if (piece !== "") put(piece);
      });
    },

    /** Text whose line breaks and spaces count. */
    preserved(text: string): void {
      text.split("\n").forEach((piece, at) => {
        if (at > 0) endLine();
        if (piece.trim() === "") {
          if (at > 0 && lines.length > 0 && text.includes("\n"))
            blankPending ||= at < text.split("\n").length - 1;
        } else put(line === "" ? piece.trimEnd() : piece);
      });
    },

    newLine: endLine,

    /** A line break as it is typed: two of them part paragraphs. */
    lineBreak(): void {
      if (line === "") blankPending = true;
      else endLine();
    },

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
      if (blankPending && lines.length > 0)
        lines.push(
          prefixes
            .map((prefix) => prefix.rest)
            .join("")
            .trimEnd(),
        );
      blankPending = false;
      prefixes.push({ first, rest });
      begun = lines.length;
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
    touches: () => line !== "" && !spacePending,

    /** Everything written so far; an empty line at the end where one should follow. */
    finish(): string[] {
      endLine();
      return blankPending && lines.length > 0 ? [...lines, ""] : lines;
    },
  };
}
