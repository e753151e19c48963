/** Annotations of a PDF page (ISO 32000-1 section 12.5) that its text does not contain: forms, links, comments. */
import { z } from "zod";
import { toComment } from "../inline-marks.ts";

const maxAnnotationsPerPage = 300;
/** Section 12.5.3. */
const hiddenFlag = 2;

const textObject = z.object({ str: z.string() }).catch({ str: "" });
const annotationSchema = z.object({
  subtype: z.string().catch(""),
  annotationFlags: z.number().catch(0),
  url: z.string().catch(""),
  fieldName: z.string().catch(""),
  /** The name of a form field for assistive technology, usually better than `fieldName`. */
  alternativeText: z.string().catch(""),
  fieldValue: z.union([z.string(), z.array(z.string())]).catch(""),
  /** Value of a check box, and of a radio button, when it is selected. */
  exportValue: z.string().catch(""),
  buttonValue: z.string().catch(""),
  checkBox: z.boolean().catch(false),
  radioButton: z.boolean().catch(false),
  contentsObj: textObject,
  titleObj: textObject,
});

type Annotation = z.infer<typeof annotationSchema>;

/**
 * Returns one block each for form values, comments and links, which may be empty. `annotations`: those of pdf.js.
 * `pageText`: links whose address it contains are left out.
 */
export function toAnnotationBlocks(annotations: readonly unknown[], pageText: string): string[] {
  const visible = annotations
    .slice(0, maxAnnotationsPerPage)
    .map((annotation) => annotationSchema.parse(annotation))
    .filter(({ annotationFlags }) => (annotationFlags & hiddenFlag) === 0);
  const linesOf = (toLine: (annotation: Annotation) => string) =>
    [...new Set(visible.map(toLine))].filter((line) => line !== "").join("\n");
  const fields = linesOf(toFieldLine);
  const links = linesOf(({ subtype, url }) => (subtype === "Link" && !pageText.includes(url) ? url : ""));
  return [
    fields && `Form fields:\n${fields}`,
    linesOf(toCommentLine),
    links && `Links on this page:\n${links}`,
  ];
}

function toCommentLine({ subtype, contentsObj, titleObj }: Annotation): string {
  const text = contentsObj.str.trim();
  if (text === "" || ["Link", "Widget", "Popup"].includes(subtype)) return "";
  // Text typed onto the page, as people fill in forms without fields.
  return subtype === "FreeText" ? text : toComment(titleObj.str, text);
}

function toFieldLine(field: Annotation): string {
  const { subtype, fieldName, alternativeText, fieldValue, checkBox, radioButton } = field;
  if (subtype !== "Widget") return "";
  const name = alternativeText || fieldName || "field";
  const value = Array.isArray(fieldValue) ? fieldValue.join(", ") : fieldValue;
  if (value.trim() === "") return "";
  if (checkBox) return value !== "Off" && value === field.exportValue ? `${name}: ticked` : "";
  if (radioButton) return value !== "Off" && value === field.buttonValue ? `${name}: ${value}` : "";
  return `${name}: ${value}`;
}
