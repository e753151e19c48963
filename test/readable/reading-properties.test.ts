/** Properties of any input: ids, cursors, structures, text and HTML. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { MessageStructureObject } from "imapflow";
import { decodeText } from "../../src/email/charset.ts";
import { toEmailContents } from "../../src/email/email-contents.ts";
import { fromEmailId, toEmailId } from "../../src/email/email-id.ts";
import { decodeEncodedWords } from "../../src/email/encoded-words.ts";
import { toSafeFileName } from "../../src/email/file-name.ts";
import { parseAddresses, parseHeaders, toIsoDate } from "../../src/email/headers.ts";
import { toPart } from "../../src/email/part.ts";
import { createTransferDecoder } from "../../src/email/transfer-decoder.ts";
import { decodeTransfer } from "../../src/email/transfer-encoding.ts";
import { AppError } from "../../src/errors.ts";
import { toHtmlSource } from "../../src/html/html-source.ts";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { fromCursor, mailboxKeyOf, toCursor } from "../../src/mail/search/cursor.ts";
import { calendarToLines } from "../../src/readable/calendar.ts";
import { deliveryReportToLines } from "../../src/readable/delivery-report.ts";
import { foldHistory } from "../../src/readable/fold-history.ts";
import { toSnippet } from "../../src/readable/snippet.ts";
import { vcardsToLines } from "../../src/readable/vcard.ts";
import { bestOf, cpuMsOf } from "../support/own-time.ts";

const anyText = fc.string({ unit: "binary", maxLength: 400 });

test("an id decodes to what it was made of, and no other text is an id", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[0-9a-f]{8}$/),
      fc
        .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
        .filter((path) => !path.includes("\0") && path.isWellFormed()),
      fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
      fc.integer({ min: 1, max: 4_294_967_295 }),
      (accountTag, mailbox, uidValidity, uid) => {
        const ref = { accountTag, mailbox, uidValidity, uid };
        expect(fromEmailId(toEmailId(ref))).toEqual(ref);
      },
    ),
  );
  fc.assert(
    fc.property(fc.oneof(anyText, fc.base64String()), (text) => {
      expect(() => fromEmailId(text)).toThrow(AppError);
    }),
  );
});

test("an id with one wrong character is no id, so it never names another email", () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const id = toEmailId({ accountTag: "9f86d081", mailbox: "INBOX", uidValidity: 1_700_000_000n, uid: 4_711 });
  const wrong = [...id].flatMap((letter, at) =>
    [...alphabet]
      .filter((other) => other !== letter)
      .map((other) => id.slice(0, at) + other + id.slice(at + 1)),
  );
  const taken = wrong.filter((text) => {
    try {
      return fromEmailId(text).accountTag === "9f86d081";
    } catch {
      return false;
    }
  });
  expect(taken).toEqual([]);
});

const position = fc.record({
  mailbox: anyText.map(mailboxKeyOf),
  validity: fc.nat(4_294_967_295).map(String),
  uid: fc.integer({ min: 1, max: 4_294_967_295 }),
  receivedAt: fc.integer({ min: -1_000_000_000_000, max: 10_000_000_000_000 }),
});

test("a cursor decodes to what it was made of, is short, and no other text is a cursor", () => {
  fc.assert(
    fc.property(
      fc.array(position, { maxLength: 6 }),
      position,
      anyText,
      fc.nat(),
      (at, last, asked, number) => {
        const { mailbox, uid, receivedAt } = last;
        for (const cursor of [
          { kind: "list" as const, at: last },
          { kind: "search" as const, last: { mailbox, uid, receivedAt }, at },
        ]) {
          const text = toCursor(cursor, asked);
          expect(fromCursor(text, cursor.kind, asked)).toEqual(cursor);
          expect(text.length).toBeLessThan(40 + 40 * 7);
          const index = number % text.length;
          const changed = `${text.slice(0, index)}${text[index] === "x" ? "y" : "x"}${text.slice(index + 1)}`;
          for (const wrong of [changed, text.slice(0, -1), `${text}0`])
            expect(() => fromCursor(wrong, cursor.kind, asked)).toThrow(AppError);
          expect(() => fromCursor(text, cursor.kind, `${asked}?`)).toThrow(AppError);
        }
        expect(() => fromCursor(toCursor({ kind: "list", at: last }, asked), "search", asked)).toThrow(
          AppError,
        );
      },
    ),
  );
  fc.assert(fc.property(anyText, (text) => expect(() => fromCursor(text, "list", "q")).toThrow(AppError)));
});

const anyBytes = fc.uint8Array({ maxLength: 600 });

test("no bytes throw: headers, charsets, encodings, reports, snippets, calendars, contacts", () => {
  const charsets = fc.constantFrom(
    "utf-8",
    "iso-2022-jp",
    "gb18030",
    "koi8-r",
    "utf-7",
    "utf-16",
    "x-none",
    "__proto__",
    "",
  );
  fc.assert(
    fc.property(
      anyBytes,
      charsets,
      fc.constantFrom("base64", "quoted-printable", "7bit", "constructor"),
      (bytes, charset, encoding) => {
        const text = decodeText(decodeTransfer(bytes, encoding), charset);
        expect(typeof text).toBe("string");
        for (const { value } of parseHeaders(bytes)) {
          decodeEncodedWords(value);
          parseAddresses(value);
          toIsoDate(value);
        }
        deliveryReportToLines(bytes);
        calendarToLines(text);
        vcardsToLines(text);
        toSnippet(
          bytes,
          toPart({ type: "multipart/mixed", childNodes: [{ type: "multipart/alternative" }] }),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test("a transfer encoding decoded in pieces gives what it gives at once", () => {
  fc.assert(
    fc.property(
      anyBytes,
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom("base64", "quoted-printable", "8bit"),
      (bytes, step, encoding) => {
        const written =
          encoding === "base64"
            ? Buffer.from(
                Buffer.from(bytes)
                  .toString("base64")
                  .replace(/(.{20})/g, "$1\r\n"),
              )
            : encoding === "8bit"
              ? Buffer.from(bytes)
              : Buffer.from(
                  [...bytes]
                    .map(
                      (byte, at) =>
                        `=${byte.toString(16).padStart(2, "0").toUpperCase()}${at % 20 === 19 ? "=\r\n" : ""}`,
                    )
                    .join(""),
                );
        const decoder = createTransferDecoder(encoding);
        const pieces: Buffer[] = [];
        for (let at = 0; at < written.length; at += step)
          pieces.push(decoder.push(written.subarray(at, at + step)));
        pieces.push(decoder.end());
        expect(Buffer.concat(pieces).equals(Buffer.from(bytes))).toBe(true);
      },
    ),
  );
});

const anyNode = fc.letrec<{ node: Record<string, unknown> }>((tie) => ({
  node: fc.record(
    {
      type: fc.oneof(
        fc.constantFrom(
          "text/plain",
          "text/html",
          "multipart/mixed",
          "multipart/alternative",
          "multipart/related",
          "multipart/report",
          "multipart/signed",
          "message/rfc822",
          "application/pdf",
          "text/calendar",
          "",
        ),
        anyText,
      ),
      size: fc.oneof(fc.nat(), fc.constant(undefined)),
      encoding: anyText,
      disposition: fc.constantFrom("inline", "attachment", "odd", ""),
      parameters: fc.dictionary(anyText, anyText, { maxKeys: 3 }),
      dispositionParameters: fc.dictionary(fc.constantFrom("filename", "__proto__", "size"), anyText, {
        maxKeys: 2,
      }),
      childNodes: fc.array(tie("node"), { maxLength: 4 }),
    },
    { requiredKeys: ["type"] },
  ),
}));

test("in any structure each part is text, an attachment or neither, and indexes count from one", () => {
  fc.assert(
    fc.property(anyNode.node, (node) => {
      const contents = toEmailContents(toPart(node as never));
      expect(contents.attachments.map(({ index }) => index)).toEqual(
        contents.attachments.map((_, at) => at + 1),
      );
      for (const { part } of contents.attachments) expect(part.part).toMatch(/^\d+(\.\d+)*$/);
      for (const { inside, index } of contents.attachments)
        if (inside !== undefined) expect(inside).toBeLessThan(index);
    }),
    { numRuns: 500 },
  );
});

test("nested digests are visited once each, however deep", async () => {
  const file: MessageStructureObject = { type: "application/octet-stream" };
  let node: MessageStructureObject = { type: "multipart/mixed", childNodes: Array(400).fill(file) };
  for (let depth = 0; depth < 14; depth += 1)
    node = { type: "multipart/digest", childNodes: [{ type: "message/rfc822", childNodes: [node] }] };
  const walk = () => cpuMsOf(() => expect(toEmailContents(toPart(node)).texts).toEqual([]));
  expect(await bestOf(400, walk)).toBeLessThan(400);
});

test("any HTML is rendered without an exception and without active elements, within a second", async () => {
  const piece = fc.constantFrom(
    "<p>",
    "</p>",
    "<table>",
    "<tr>",
    "<td>",
    "</td>",
    "</table>",
    "<li>",
    "<ul>",
    "<a href='https://x.example/y'>",
    "</a>",
    "<b>",
    "</b>",
    "<style>p{display:none}</style>",
    "<style>",
    "@media {",
    "}",
    "<!--",
    "-->",
    "<![CDATA[",
    "words",
    "&amp;",
    "&#x202e;",
    "<br>",
    "<blockquote type=cite>",
    "<pre>",
    "\n",
    "<img alt='x'>",
    "<svg>",
    "<script>",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        anyText,
        fc.array(piece, { maxLength: 120 }).map((pieces) => pieces.join("")),
      ),
      async (html) => {
        const cpuMs = await cpuMsOf(() => {
          const { lines } = htmlToMarkdown(html);
          foldHistory(lines, { forward: false, quotes: "marked" });
          expect(toHtmlSource(html)).not.toMatch(/<(script|style|iframe|object)\b/i);
        });
        expect(cpuMs).toBeLessThan(1_000);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("folding loses no line that the writer wrote", () => {
  const line = fc.constantFrom(
    "own words",
    "> quoted",
    ">> deeper",
    "",
    "On Monday, Ann wrote:",
    "more words",
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
      const { lines: folded } = foldHistory(lines, { forward: false, quotes: "all" });
      const own = (all: readonly string[]) => all.filter((one) => one.includes("words")).length;
      expect(own(folded)).toBe(own(lines));
    }),
  );
});

test("any attachment name becomes a valid file name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), (name) => {
      const safe = toSafeFileName(name);
      expect(safe).not.toMatch(/[/\\:*?"<>|]|\p{Cc}|\u202e/u);
      expect(safe).not.toMatch(/^\.|[. ]$/);
      expect([...safe].length).toBeGreaterThan(0);
      expect([...safe].length).toBeLessThanOrEqual(120);
      expect(safe.isWellFormed()).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
