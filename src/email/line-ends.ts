/** White space at the ends of lines. */

/**
 * The same text without it. One pass over the runs of white space: a pattern that looks for the end of a line behind
 * each of them takes the square of their length.
 */
export function withoutTrailingSpace(text: string): string {
  return text.replace(/[ \t]+/g, (run, at: number) => {
    const next = text.slice(at + run.length, at + run.length + 2);
    return next === "" || next.startsWith("\n") || next === "\r\n" ? "" : run;
  });
}
