/** ODT, ODS and ODP (ISO/IEC 26300): their text with what stands around it. */

import { cutNote, type DocumentText } from "../document-text.ts";
import { hiddenNote, pictureNote } from "../inline-marks.ts";
import type { Archive } from "../zip-archive.ts";
import { readOpenStyles } from "./styles.ts";
import { readOpenText } from "./text.ts";

export function readOpenDocument(archive: Archive): DocumentText {
  const styles = readOpenStyles([archive.xml("styles.xml"), archive.xml("content.xml")]);
  const { text, notes, hiddenCharacters, isCut } = readOpenText(archive.xml("content.xml"), styles);
  // Of sheets they hold the sheet's name, of slides what stands in empty ones.
  const isText = archive.text("mimetype").includes("opendocument.text");
  const { margins } = readOpenText(isText ? archive.xml("styles.xml") : "", styles);
  const marginsOf = (kind: string) =>
    [...new Set(margins.filter((one) => one.kind === kind).map((one) => one.text))]
      .filter((one) => one !== "")
      .map((one) => `[${kind}: ${one.replace(/\s*\n\s*/g, " / ")}]`);
  const pictures = archive.members.filter(({ name }) => /^Pictures\/./.test(name)).length;
  return {
    text: [...marginsOf("header"), text, notes.join("\n"), ...marginsOf("footer")]
      .filter((part) => part !== "")
      .join("\n\n"),
    notes: [...hiddenNote(hiddenCharacters), ...pictureNote(pictures), ...(isCut ? [cutNote] : [])],
  };
}
