/** Header fields that are long by repetition: addresses, encoded words, ids, folded lines. */
import fc from "fast-check";
import { shortTexts } from "./text.ts";

const names = fc.constantFrom(
  "From",
  "To",
  "Cc",
  "Subject",
  "Date",
  "References",
  "In-Reply-To",
  "List-Id",
  "List-Unsubscribe",
  "Authentication-Results",
  "Received",
  "Content-Language",
  "Reply-To",
);
const pieces = fc.oneof(
  fc.constantFrom(
    "ann@example.test, ",
    '"Ann, B." <ann@example.test>, ',
    "=?utf-8?B?4pyT?= ",
    "=?gb18030?Q?=C4=E3?= ",
    "<a@b.test> ",
    "(comment) ",
    "g: a@b.test; ",
    "mx.test; spf=pass smtp.mailfrom=a@b; ",
    "from a by b; ",
    "<https://a.test/u>, ",
    "en, ",
    "\xd0\xd2\xc9 ",
    '"',
    "\\",
    "<",
    ",",
  ),
  shortTexts.map((text) => text.replace(/[\r\n]/g, " ")),
);

const field = fc.tuple(names, pieces, fc.nat(6_000)).map(([name, piece, times]) => {
  const repeated = Array.from(
    { length: Math.min(times, Math.ceil(100_000 / Math.max(1, piece.length))) },
    () => piece,
  );
  const lines = Array.from({ length: Math.ceil(repeated.length / 8) }, (_, at) =>
    repeated.slice(at * 8, at * 8 + 8).join(""),
  );
  return `${name}: ${lines.join("\r\n ")}\r\n`;
});

/** At most 200 KB of fields, each with its line end. */
export const headerFields: fc.Arbitrary<string> = fc
  .array(field, { minLength: 1, maxLength: 4 })
  .map((all) => all.join(""));
