/** Passages of a text that are more than text: what somebody inserted or deleted, and what links lead to. */
import type { Flow } from "./markdown-writer.ts";

export type Change = { kind: "inserted" | "deleted"; author: string };

/** Puts brackets around changes; pieces of one change make one. */
export function createChanges(flow: Flow) {
  let open: Change | undefined;

  function close(): void {
    if (open) flow.text("]");
    open = undefined;
  }

  return {
    /** Text as it was changed, or as it always was. */
    say(text: string, change: Change | undefined): void {
      if (text === "") return;
      if (open?.kind !== change?.kind || open?.author !== change?.author) {
        close();
        if (change) flow.text(`[${change.kind}${change.author ? ` by ${change.author}` : ""}: `);
        open = change;
      }
      flow.text(text);
    },
    close,
  };
}

/** After the words of a link, which begin with a bracket. */
export const linkEnd = (target: string) =>
  `](${target.replace(/[\s()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`)})`;

export const showComment = (author: string, text: string) =>
  `[comment${author ? ` by ${author}` : ""}: ${text.replace(/\s*\n\s*/g, " / ")}]`;

export const hiddenNote = (characters: number): string[] =>
  characters > 0 ? [`Text that the document hides was left out: ${characters} characters.`] : [];

export const pictureNote = (pictures: number): string[] =>
  pictures > 0 ? [`It holds ${pictures} picture${pictures === 1 ? "" : "s"}, not shown here.`] : [];
