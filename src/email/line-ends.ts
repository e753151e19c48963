/** White space at the ends of lines. */

/**
 * Removes spaces and tabs before line ends in one pass over the runs of white space: a pattern that includes the line
 * end takes quadratic time.
 */
export function withoutTrailingSpace(text: string): string {
  return text.replace(/[ \t]+/g, (run, at: number) => {
    const next = text.slice(at + run.length, at + run.length + 2);
    return next === "" || next.startsWith("\n") || next === "\r\n" ? "" : run;
  });
}
