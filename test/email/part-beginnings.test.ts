import { expect, test } from "bun:test";
import type { Part } from "../../src/email/part.ts";
import { wholePartsIn } from "../../src/email/part-beginnings.ts";

const part = (number: string, type: string, size: number, children: Part[] = [], boundary = ""): Part => ({
  part: number,
  type,
  size,
  parameters: boundary === "" ? {} : { boundary },
  children,
});
const lines = (...all: string[]) => Buffer.from(all.join("\r\n"));
const textsOf = (root: Part, text: Buffer) =>
  Object.fromEntries([...wholePartsIn(root, text)].map(([number, octets]) => [number, String(octets)]));

const body = lines(
  ...[
    "A preamble with --b in it.",
    "--b",
    "Content-Type: multipart/alternative; boundary=b2",
    "",
    "--b2",
    "",
  ],
  ...["plain", "--b2", "Content-Type: text/html", "", "<p>html</p>", "--b2--", "", "--b"],
  ...["Content-Type: application/pdf", "", "PDF", "--b--", ""],
);
const alternative = part(
  "1",
  "multipart/alternative",
  0,
  [part("1.1", "text/plain", 5), part("1.2", "text/html", 11)],
  "b2",
);
const mixed = part("", "multipart/mixed", 0, [alternative, part("2", "application/pdf", 3)], "b");

test("RFC 2046 section 5.1.1: parts are found between their boundary lines", () => {
  expect(textsOf(mixed, body)).toEqual({ "1.1": "plain", "1.2": "<p>html</p>", "2": "PDF" });
  expect(textsOf(part("1", "text/plain", 4), Buffer.from("text"))).toEqual({ "1": "text" });
});

test("a part that goes on behind the octets, or is not as large as the server told, is not taken", () => {
  expect(textsOf(mixed, body.subarray(0, body.indexOf("PDF") + 3))).toEqual({
    "1.1": "plain",
    "1.2": "<p>html</p>",
  });
  expect(textsOf(part("1", "text/plain", 9), Buffer.from("text"))).toEqual({});
  const wrong = { ...alternative, children: [part("1.1", "text/plain", 4), part("1.2", "text/html", 11)] };
  expect(textsOf({ ...mixed, children: [wrong] }, body)).toEqual({});
  expect(textsOf({ ...mixed, parameters: {} }, body)).toEqual({});
});
