/** Marks inside a text for what plain text cannot carry: tracked changes, comments and link targets. */

export type TrackedChange = { kind: "inserted" | "deleted"; author: string };

/** Writes text with brackets around tracked changes; adjacent runs of the same change share one pair. */
export function createChangeMarks(write: (text: string) => void) {
  let open: TrackedChange | undefined;

  function close(): void {
    if (open) write("]");
    open = undefined;
  }

  return {
    /** `change` is undefined for unchanged text. */
    write(text: string, change: TrackedChange | undefined): void {
      if (text === "") return;
      if (open?.kind !== change?.kind || open?.author !== change?.author) {
        close();
        if (change) write(`[${change.kind}${change.author ? ` by ${change.author}` : ""}: `);
        open = change;
      }
      write(text);
    },
    close,
  };
}

/** Returns what follows the text of a Markdown link, whose opening bracket is already written. */
export const toLinkEnd = (target: string) =>
  `](${target.replace(/[\s()]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`)})`;

export const toComment = (author: string, text: string) =>
  `[comment${author ? ` by ${author}` : ""}: ${joinLines(text)}]`;

/** Joins the lines of a text, without empty ones, with " / ". */
export const joinLines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" / ");
