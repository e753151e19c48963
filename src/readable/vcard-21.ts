/** vCard 2.1, which Outlook and many phones still write, as version 3.0 (RFC 2426), which ical.js reads. */
import { decodeText } from "../email/charset.ts";
import { decodeTransfer } from "../email/transfer-encoding.ts";

const encodingParameter = /^(ENCODING=)?(QUOTED-PRINTABLE|BASE64|B|8BIT|7BIT)$/i;
const charsetParameter = /^CHARSET=/i;

/** Converts one card. Pictures and other binary values are left out. */
export function toVcard30(card: string): string {
  return unfoldLines(card.split(/\r?\n/))
    .map(toVersion30)
    .filter((line) => line !== "")
    .join("\r\n");
}

/** A quoted-printable line continues after `=` at its end, any other line before white space. */
function unfoldLines(lines: readonly string[]): string[] {
  const unfolded: string[] = [];
  let isSoftBreak = false;
  for (const line of lines) {
    if (isSoftBreak || (unfolded.length > 0 && /^[ \t]/.test(line)))
      unfolded.push((unfolded.pop() ?? "") + (isSoftBreak ? line : line.slice(1)));
    else unfolded.push(line);
    const last = unfolded.at(-1) ?? "";
    isSoftBreak = last.endsWith("=") && isQuotedPrintable(last);
    if (isSoftBreak) unfolded[unfolded.length - 1] = last.slice(0, -1);
  }
  return unfolded;
}

function isQuotedPrintable(line: string): boolean {
  const colon = line.indexOf(":");
  return colon > 0 && line.slice(0, colon).toUpperCase().includes("QUOTED-PRINTABLE");
}

function toVersion30(line: string): string {
  const [, name = "", given = "", value = ""] = /^([\w.-]+)((?:;[^:]*)?):(.*)$/s.exec(line) ?? [];
  if (/^version$/i.test(name)) return "VERSION:3.0";
  const parameters = given.split(";").filter((parameter) => parameter !== "");
  const encoding = parameters.map((parameter) => encodingParameter.exec(parameter)?.[2]).find((each) => each);
  if (name === "" || /^b(ase64)?$/i.test(encoding ?? "")) return "";
  const charset = parameters.find((parameter) => charsetParameter.test(parameter))?.slice("CHARSET=".length);
  const decoded = /^quoted/i.test(encoding ?? "")
    ? decodeText(decodeTransfer(Buffer.from(value, "latin1"), "quoted-printable"), charset)
    : value;
  const kept = parameters
    .filter((parameter) => !encodingParameter.test(parameter) && !charsetParameter.test(parameter))
    .map((parameter) => `;${parameter.includes("=") ? parameter : `TYPE=${parameter}`}`);
  // A comma separates values only since version 3.0.
  return `${name}${kept.join("")}:${decoded.replace(/,/g, "\\,").replace(/\r?\n/g, "\\n")}`;
}
