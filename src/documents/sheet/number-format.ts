/** How a spreadsheet shows its numbers (ECMA-376 part 1, section 18.8.30). */
import { dateFromSerial, format, getFormatDateInfo, isTextFormat, isValidFormat } from "numfmt";
import { walkXml, type Xml } from "../xml.ts";

/** The formats that every workbook has, by their ids; those of money have the reader's own sign: none here. */
const builtIn: Readonly<Record<number, string>> = {
  1: "0",
  2: "0.00",
  3: "#,##0",
  4: "#,##0.00",
  9: "0%",
  10: "0.00%",
  11: "0.00E+00",
  12: "# ?/?",
  13: "# ??/??",
  14: "yyyy-mm-dd",
  15: "d-mmm-yy",
  16: "d-mmm",
  17: "mmm-yy",
  18: "h:mm AM/PM",
  19: "h:mm:ss AM/PM",
  20: "h:mm",
  21: "h:mm:ss",
  22: "yyyy-mm-dd h:mm",
  45: "mm:ss",
  46: "[h]:mm:ss",
  47: "mm:ss.0",
  48: "##0.0E+0",
  49: "@",
};

function codeOf(id: number): string {
  if ([5, 6, 37, 38, 41, 42].includes(id)) return "#,##0";
  if ([7, 8, 39, 40, 43, 44].includes(id)) return "#,##0.00";
  // The dates of East Asia.
  if ((id >= 27 && id <= 36) || (id >= 50 && id <= 58)) return "yyyy-mm-dd";
  return builtIn[id] ?? "General";
}

/** Excel takes no longer ones. */
const maxPattern = 255;

export type NumberFormat = {
  show(text: string): string;
  /** The number counts days. */
  isDay: boolean;
};

/** How each cell style shows a number, in their order. */
export function readFormats(stylesXml: Xml): NumberFormat[] {
  const custom = new Map<number, string>();
  const formats: NumberFormat[] = [];
  let inCells = false;
  walkXml(stylesXml, {
    open(name, { numFmtId = "", formatCode = "" }) {
      const id = Number(numFmtId);
      if (name === "numFmt") custom.set(id, formatCode);
      else if (name === "cellXfs") inCells = true;
      else if (name === "xf" && inCells) formats.push(toFormat(custom.get(id) ?? codeOf(id)));
    },
    close(name) {
      if (name === "cellXfs") inCells = false;
    },
  });
  return formats;
}

/** Numbers without a format keep all their digits. */
export const plainFormat: NumberFormat = {
  show(text) {
    const value = Number(text);
    return text.trim() === "" || !Number.isFinite(value) ? text : String(Number(value.toPrecision(15)));
  },
  isDay: false,
};

/** As it is shown, but days as ISO 8601, since 1/5/2024 is two days. Text that is no number stays. */
export function toFormat(code: string): NumberFormat {
  // Whose money it is does not say how its numbers are written here: all of a book alike.
  const pattern = code.replace(/\[\$([^\]-]+)-[^\]]*\]/g, "[$$$1]");
  if (pattern.length > maxPattern || !isValidFormat(pattern)) return plainFormat;
  if (isTextFormat(pattern) || /^general$/i.test(pattern)) return plainFormat;
  const { year, month, day, hours, seconds } = getFormatDateInfo(pattern);
  return {
    show(text) {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) return text;
      const shown = day ? toDay(value, hours, seconds) : undefined;
      return shown ?? format(pattern, value, { throws: false, locale: "en-US" }).trim();
    },
    isDay: year || day || (month && !seconds),
  };
}

function toDay(serial: number, withTime: boolean, withSeconds: boolean): string | undefined {
  if (serial < 0 || serial > 2_958_466) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = dateFromSerial(serial) ?? [];
  const two = (number: number) => String(number).padStart(2, "0");
  const date = `${year}-${two(month)}-${two(day)}`;
  if (!withTime) return date;
  return `${date}T${two(hour)}:${two(minute)}${withSeconds ? `:${two(second)}` : ""}`;
}
