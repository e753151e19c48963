/** Comments on the cells of an XLSX sheet (ECMA-376 part 1, section 18.7). */
import { toComment } from "../inline-marks.ts";
import { escapeCell } from "../spreadsheet-cells.ts";
import { walkXml, type Xml } from "../xml.ts";

/** Excel writes a threaded comment a second time as a plain one, by an author "tc={id}" and with a line before it. */
const threadedAuthor = "tc={";
const threadedMark = "[Threaded comment]";
const commentHeading = /\n[ \t\r]*Comment:\s*/;

function withoutPreamble(text: string): string {
  const heading = text.startsWith(threadedMark) ? commentHeading.exec(text) : null;
  return heading ? text.slice(heading.index + heading[0].length) : text;
}

/** Returns pairs of a cell reference and the comment as it is appended to the cell. */
export function readCellComments(xml: Xml): [reference: string, comment: string][] {
  const authors: string[] = [];
  const comments: [string, string][] = [];
  let reference = "";
  let author = "";
  let text = "";
  let inside: "author" | "text" | undefined;
  walkXml(xml, {
    open(name, attributes) {
      if (name === "author" || name === "text") {
        inside = name;
        text = "";
      } else if (name === "comment") {
        reference = attributes.ref ?? "";
        author = authors[Number(attributes.authorId)] ?? "";
      }
    },
    text(piece) {
      if (inside) text += piece;
    },
    close(name) {
      if (name === "author") authors.push(text.startsWith(threadedAuthor) ? "" : text.trim());
      else if (name === "text")
        comments.push([reference, toComment(author, escapeCell(withoutPreamble(text)))]);
      if (name === inside) inside = undefined;
    },
  });
  return comments;
}
