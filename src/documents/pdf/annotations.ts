/** What lies on a page of a PDF and is not in its text: what is filled into forms, where links lead, remarks. */
import { z } from "zod";
import { showComment } from "../inline-marks.ts";

const maxOfOnePage = 300;
const hiddenFlag = 2;

const words = z.object({ str: z.string() }).catch({ str: "" });
const annotation = z.object({
  subtype: z.string().catch(""),
  annotationFlags: z.number().catch(0),
  url: z.string().catch(""),
  fieldName: z.string().catch(""),
  /** What a form calls the field for who cannot see it: mostly the better name. */
  alternativeText: z.string().catch(""),
  fieldValue: z.union([z.string(), z.array(z.string())]).catch(""),
  /** Of a tick box and a choice of several: what it stands for when it is ticked. */
  exportValue: z.string().catch(""),
  buttonValue: z.string().catch(""),
  checkBox: z.boolean().catch(false),
  radioButton: z.boolean().catch(false),
  contentsObj: words,
  titleObj: words,
});

type Annotation = z.infer<typeof annotation>;

/** Blocks of text, of each kind one. `lines`: what the page says, whose links need not be told again. */
export function pageRemarks(found: readonly unknown[], lines: string): string[] {
  const all = found
    .slice(0, maxOfOnePage)
    .map((one) => annotation.parse(one))
    .filter(({ annotationFlags }) => (annotationFlags & hiddenFlag) === 0);
  const of = (show: (one: Annotation) => string) => [...new Set(all.map(show))].filter((text) => text !== "");
  const links = of(({ subtype, url }) => (subtype === "Link" && !lines.includes(url) ? url : ""));
  const fields = of(showField);
  const remarks = of(({ subtype, contentsObj, titleObj }) => {
    const text = contentsObj.str.trim();
    if (text === "" || ["Link", "Widget", "Popup"].includes(subtype)) return "";
    // Typed onto the page, as people fill in forms that are none.
    return subtype === "FreeText" ? text : showComment(titleObj.str, text);
  });
  return [
    fields.length > 0 ? `Filled in:\n${fields.join("\n")}` : "",
    remarks.join("\n"),
    links.length > 0 ? `Links here:\n${links.join("\n")}` : "",
  ];
}

function showField(field: Annotation): string {
  const { subtype, fieldName, alternativeText, fieldValue, checkBox, radioButton } = field;
  if (subtype !== "Widget") return "";
  const name = alternativeText || fieldName || "field";
  const value = Array.isArray(fieldValue) ? fieldValue.join(", ") : fieldValue;
  if (value.trim() === "") return "";
  if (checkBox) return value !== "Off" && value === field.exportValue ? `${name}: ticked` : "";
  if (radioButton) return value !== "Off" && value === field.buttonValue ? `${name}: ${value}` : "";
  return `${name}: ${value}`;
}
