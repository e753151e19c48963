/** Assembles lines of Markdown from words, breaks and prefixes. Independent of HTML. */

export type MarkdownWriter = ReturnType<typeof createMarkdownWriter>;

/** Prefix of lines of quoted history until they are folded; never part of an email's own text. */
export const historyMark = "\uE000";
/** Prefix of lines of a signature that the HTML marks as one. */
export const signatureMark = "\uE001";

const openingPunctuation = /[\s([{"'“‘/-]/;
const closingPunctuation = /[\s.,;:!?)\]}…"'”’/-]/;

/** The separation that a text asks for at one of its ends. */
export type Edge = "none" | "space" | "line";

/** Finished lines, the last of them empty when an empty line is due. */
export type WrittenText = { lines: string[]; start: Edge; end: Edge };

/** Deeper quotes and lists are not indented further: hundreds of levels would multiply the length of the text. */
const maxPrefixes = 20;

export function createMarkdownWriter() {
  const lines: string[] = [];
  let line = "";
  /** Pending white space, written only when a word follows on the same line. */
  let space = "";
  /** The next word must not join the previous one. */
  let gapPending = false;
  /** Open marks such as `**`, and how many of them the current line has. */
  const marks: string[] = [];
  let writtenMarks = 0;
  /** Prefixes of lists and quotes: `first` is used once; `fresh` until a line has used it. */
  const prefixes: { first: string | undefined; rest: string; fresh: boolean }[] = [];
  /** An empty line is due before the next text. */
  let blankPending = false;
  let isEmpty = true;
  let start: Edge = "none";

  function closeMarks(downTo: number): void {
    while (writtenMarks > downTo) {
      writtenMarks -= 1;
      line += marks[writtenMarks] ?? "";
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
    // A quote does not begin with an empty line.
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
    isEmpty = false;
    if (line === "") {
      putBlank();
      line = takePrefix();
      writtenMarks = 0;
    } else if (
      gapPending &&
      space === "" &&
      !openingPunctuation.test(line.slice(-1)) &&
      !closingPunctuation.test(text.slice(0, 1))
    )
      space = " ";
    gapPending = false;
    line += space;
    space = "";
    while (writtenMarks < marks.length) {
      line += marks[writtenMarks] ?? "";
      writtenMarks += 1;
    }
    line += text;
  }

  /** Notes what comes before the first word. */
  function beginWith(edge: Edge): void {
    if (isEmpty && start !== "line") start = edge;
  }

  function endLine(): void {
    beginWith("line");
    space = "";
    gapPending = false;
    if (line === "") return;
    closeMarks(0);
    lines.push(line.trimEnd());
    line = "";
  }

  /** A line break as typed: two in a row separate paragraphs. */
  function lineBreak(): void {
    if (line === "") blankPending = true;
    endLine();
  }

  function finish(): WrittenText {
    const end: Edge = line === "" ? "line" : space === "" && !gapPending ? "none" : "space";
    const [wasEmpty, startEdge] = [isEmpty, start];
    endLine();
    return {
      lines: blankPending && lines.length > 0 ? [...lines, ""] : lines,
      start: startEdge,
      end: wasEmpty ? startEdge : end,
    };
  }

  return {
    /** Writes running text: white space collapses to one space, and to none at the ends of a line. */
    words(text: string): void {
      const pieces = text.split(/[ \t\n\r\f\u00a0\u2000-\u200a\u202f\u3000]+/);
      pieces.forEach((piece, at) => {
        if (at > 0) beginWith("space");
        if (at > 0 && line !== "") space ||= " ";
        if (piece !== "") put(piece);
      });
    },

    /** Writes preformatted text. */
    preserved(text: string): void {
      text.split("\n").forEach((piece, at) => {
        if (at > 0) lineBreak();
        const first = piece.length - piece.trimStart().length;
        const end = piece.trimEnd().length;
        if (first > 0) beginWith("space");
        space += piece.slice(0, first);
        if (end <= first) return;
        put(piece.slice(first, end));
        space = piece.slice(end);
      });
    },

    /** Separates the next word by a space, unless punctuation on either side needs none. */
    gap(): void {
      gapPending = line !== "";
    },

    newLine: endLine,

    lineBreak,

    /** Starts a new line, with an empty line before it. */
    newParagraph(): void {
      endLine();
      blankPending = true;
    },

    /** Surrounds what `work` writes by a mark such as `**`, closed and reopened at line breaks. */
    marked(mark: string, work: () => void): void {
      if (marks.includes(mark)) {
        work();
        return;
      }
      marks.push(mark);
      work();
      if (writtenMarks === marks.length) closeMarks(marks.length - 1);
      marks.pop();
      writtenMarks = Math.min(writtenMarks, marks.length);
    },

    /** Puts `first` before the first line that `work` writes, and `rest` before the others. */
    prefixed(first: string, rest: string, work: () => void): void {
      endLine();
      putBlank();
      if (prefixes.length >= maxPrefixes) {
        work();
        endLine();
        return;
      }
      prefixes.push({ first, rest, fresh: true });
      work();
      endLine();
      prefixes.pop();
    },

    /** Writes finished lines. */
    lines(others: readonly string[]): void {
      for (const other of others) {
        endLine();
        if (other === "" || /^#{1,6} /.test(other)) blankPending = true;
        if (other !== "") put(other);
      }
      endLine();
    },

    /** True when the next word would join the previous one. */
    touches: () => line !== "" && space === "",

    finish,
  };
}
