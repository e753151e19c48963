/** vCard 2.1, which Outlook and many telephones still write, as the 3.0 that today's readers know (RFC 2426). */
import { decodeText } from "../email/charset.ts";
import { decodeTransfer } from "../email/transfer-encoding.ts";

const encodings = /^(ENCODING=)?(QUOTED-PRINTABLE|BASE64|B|8BIT|7BIT)$/i;

/** One card. Pictures and other packed values are left out. */
export function toNewerCard(card: string): string {
  const lines = card
    // A line in quoted-printable goes on after an equals sign, any other one before a space.
    .replace(/^([^:\r\n]*QUOTED-PRINTABLE[^:\r\n]*:(?:.*=\r?\n)*.*)$/gim, (line) =>
      line.replace(/=\r?\n/g, ""),
    )
    .replace(/\r?\n[ \t]/g, "")
    .split(/\r?\n/);
  return lines
    .map(toNewerLine)
    .filter((line) => line !== "")
    .join("\r\n");
}

function toNewerLine(line: string): string {
  const [, name = "", given = "", value = ""] = /^([\w.-]+)((?:;[^:]*)?):(.*)$/s.exec(line) ?? [];
  if (/^version$/i.test(name)) return "VERSION:3.0";
  const parameters = given.split(";").filter((parameter) => parameter !== "");
  const encoding = encodings.exec(parameters.find((parameter) => encodings.test(parameter)) ?? "")?.[2];
  if (name === "" || /^b(ase64)?$/i.test(encoding ?? "")) return "";
  const charset = /^CHARSET=(.*)$/i.exec(parameters.find((one) => /^CHARSET=/i.test(one)) ?? "")?.[1];
  const said = /^quoted/i.test(encoding ?? "")
    ? decodeText(decodeTransfer(Buffer.from(value, "latin1"), "quoted-printable"), charset)
    : value;
  const kept = parameters
    .filter((parameter) => !encodings.test(parameter) && !/^CHARSET=/i.test(parameter))
    .map((parameter) => `;${parameter.includes("=") ? parameter : `TYPE=${parameter}`}`);
  // A comma separates values only since 3.0.
  return `${name}${kept.join("")}:${said.replace(/,/g, "\\,").replace(/\r?\n/g, "\\n")}`;
}
