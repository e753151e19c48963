/** Number formats of spreadsheets (ECMA-376 part 1, section 18.8.30). */
import { dateFromSerial, format, getFormatDateInfo, isTextFormat, isValidFormat } from "numfmt";
import { walkXml, type Xml } from "../xml.ts";

/** Formats that are implied by their id and not written into the file (section 18.8.30). */
const builtInFormats: Readonly<Record<number, string>> = {
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

/** Currency formats take the symbol from the locale of the program, so no symbol is shown here. */
function builtInFormat(id: number): string {
  if ([5, 6, 37, 38, 41, 42].includes(id)) return "#,##0";
  if ([7, 8, 39, 40, 43, 44].includes(id)) return "#,##0.00";
  // Dates in East Asian locales.
  if ((id >= 27 && id <= 36) || (id >= 50 && id <= 58)) return "yyyy-mm-dd";
  return builtInFormats[id] ?? "General";
}

/** The limit of Excel. */
const maxPatternCharacters = 255;

export type NumberFormat = {
  /** Formats a number; text that is not a number is returned unchanged. */
  toText(text: string): string;
  /** The number is a count of days. */
  isDay: boolean;
};

/** Reads the number format of each cell style, in their order. */
export function readNumberFormats(stylesXml: Xml): NumberFormat[] {
  const custom = new Map<number, string>();
  const formats: NumberFormat[] = [];
  let isInCellStyles = false;
  walkXml(stylesXml, {
    open(name, { numFmtId = "", formatCode = "" }) {
      const id = Number(numFmtId);
      if (name === "numFmt") custom.set(id, formatCode);
      else if (name === "cellXfs") isInCellStyles = true;
      else if (name === "xf" && isInCellStyles)
        formats.push(toNumberFormat(custom.get(id) ?? builtInFormat(id)));
    },
    close(name) {
      if (name === "cellXfs") isInCellStyles = false;
    },
  });
  return formats;
}

/** The format "General": all digits. */
export const plainFormat: NumberFormat = {
  toText(text) {
    const value = Number(text);
    return text.trim() === "" || !Number.isFinite(value) ? text : String(Number(value.toPrecision(15)));
  },
  isDay: false,
};

/** Formats as Excel does, but dates as ISO 8601, since 1/5/2024 is ambiguous. An invalid format is "General". */
export function toNumberFormat(code: string): NumberFormat {
  // The locale of a currency would change the separators: keep its symbol only.
  const pattern = code.replace(/\[\$([^[\]-]+)-[^[\]]*\]/g, "[$$$1]");
  if (pattern.length > maxPatternCharacters || !isValidFormat(pattern)) return plainFormat;
  if (isTextFormat(pattern) || /^general$/i.test(pattern)) return plainFormat;
  const { year, month, day, hours, seconds } = getFormatDateInfo(pattern);
  return {
    toText(text) {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) return text;
      const date = day ? toIsoDate(value, hours, seconds) : undefined;
      return date ?? format(pattern, value, { throws: false, locale: "en-US" }).trim();
    },
    isDay: year || day || (month && !seconds),
  };
}

/** Days from the first day of the 1900 date system to that of the 1904 date system. */
const daysTo1904 = 1462;

/** Formats a value. `isFrom1904`: the workbook counts days from 1904 (section 18.2.28). */
export const formatValue = (value: string, format: NumberFormat, isFrom1904: boolean) =>
  format.toText(isFrom1904 && format.isDay && value !== "" ? String(Number(value) + daysTo1904) : value);

/** Undefined for serial numbers without a date. */
function toIsoDate(serial: number, withTime: boolean, withSeconds: boolean): string | undefined {
  if (serial < 0 || serial > 2_958_466) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = dateFromSerial(serial) ?? [];
  const twoDigits = (number: number) => String(number).padStart(2, "0");
  const date = `${year}-${twoDigits(month)}-${twoDigits(day)}`;
  if (!withTime) return date;
  return `${date}T${twoDigits(hour)}:${twoDigits(minute)}${withSeconds ? `:${twoDigits(second)}` : ""}`;
}
