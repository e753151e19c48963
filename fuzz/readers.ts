/** Readers of text from strangers, each with what must hold for its output: bytes in, nothing out, Broken thrown. */
import { markdownToHtml, plainTextToHtml } from "../src/compose/markdown-html.ts";
import { markdownToText } from "../src/compose/markdown-text.ts";
import { parseOriginal } from "../src/compose/parse-original.ts";
import { toForwardedBody, toQuotedBody } from "../src/compose/quoted-body.ts";
import { toBareAddress, toDisplayName } from "../src/compose/recipients.ts";
import { isEncryptedCms, signedContent } from "../src/documents/cms.ts";
import { readDocument, readPictures } from "../src/documents/read-document.ts";
import { readTnef } from "../src/documents/tnef/tnef.ts";
import { toEmailContents } from "../src/email/email-contents.ts";
import { toSafeFileName } from "../src/email/file-name.ts";
import {
  charsetHintsOf,
  decodeHeaderText,
  headerValue,
  parseAddresses,
  parseHeaders,
  toIsoDate,
} from "../src/email/headers.ts";
import { unsubscribeTargets } from "../src/email/list-unsubscribe.ts";
import { parseMimeTree } from "../src/email/mime-tree.ts";
import { emptyPart } from "../src/email/part.ts";
import { toSenderChecks } from "../src/email/sender-checks.ts";
import { toBaseSubject } from "../src/email/subject.ts";
import { toThreadKeys } from "../src/email/thread-keys.ts";
import { AppError } from "../src/errors.ts";
import { toHtmlSource } from "../src/html/html-source.ts";
import { htmlToMarkdown } from "../src/html/markdown.ts";
import { sanitizeHtml } from "../src/html/sanitize.ts";
import { readPost } from "../src/mcp/message.ts";
import { parseAutoconfig } from "../src/providers/autoconfig.ts";
import { createDiscover } from "../src/providers/discover.ts";
import { parseQuery } from "../src/query/parse-query.ts";
import { readEmailFile } from "../src/readable/attached-email.ts";
import { calendarToLines } from "../src/readable/calendar.ts";
import { deliveryReportToLines } from "../src/readable/delivery-report.ts";
import { renderBody } from "../src/readable/render-body.ts";
import { firstWordsOf } from "../src/readable/snippet.ts";
import { readTextFile } from "../src/readable/text-attachment.ts";
import { vcardsToLines } from "../src/readable/vcard.ts";
import { cleanLine, cleanText, createFence } from "../src/tools/fence.ts";
import { checkFence, checkInert, checkVisible } from "./invariants.ts";
import { Broken } from "./target.ts";

const signal = new AbortController().signal;
const clock = { now: () => 1_777_000_000_000 };
const maxDocumentCharacters = 2_100_000;

/** A text in a fence: nothing of it leaves the fence, and cleaning it again changes nothing. */
function checkFenced(text: string, where: string): void {
  const fenced = createFence("0123456789abcdef")(text);
  checkFence(fenced, where);
  checkVisible(fenced, where);
  const { text: clean } = cleanText(text);
  if (cleanText(clean).text !== clean) throw new Broken("cleaning is not final", where);
  if (cleanLine(text).text.includes("\n")) throw new Broken("a line with line breaks", where);
}

function checkSize(text: string, octets: number, where: string): void {
  if (text.length > 50_000 + octets * 40)
    throw new Broken("amplified", `${where}: ${text.length} characters out of ${octets} octets`);
}

export const readers: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  email(bytes) {
    const headers = parseHeaders(bytes);
    readHeaders(headers);
    const tree = parseMimeTree(bytes);
    const contents = toEmailContents(tree.root);
    for (const { part } of contents.attachments) toSafeFileName(part.name ?? "");
    const charsetHints = charsetHintsOf(headers);
    for (const format of ["markdown", "text", "html", "links"] as const) {
      const { text, notes } = renderBody(contents, { format, forward: false, charsetHints }, tree.content);
      checkSize(text, bytes.length, `email as ${format}`);
      checkFenced(text, `email as ${format}`);
      checkFenced(notes.join("\n"), "notes");
    }
    firstWordsOf({
      type: tree.root.type,
      charset: tree.root.charset,
      encoding: tree.root.encoding,
      content: bytes,
    });
    return readEmailFile(bytes);
  },
  html(bytes) {
    const html = bytes.toString("utf8");
    const { lines } = htmlToMarkdown(html);
    const markdown = lines.join("\n");
    checkSize(markdown, bytes.length, "markdown");
    checkFenced(markdown, "markdown");
    checkSize(toHtmlSource(html), bytes.length, "source");
    checkFenced(readTextFile(bytes, { ...emptyPart, type: "text/html" }, "html").text, "an HTML file");
    checkInert(sanitizeHtml(html), "sanitized HTML");
    firstWordsOf({ type: "text/html", content: bytes.subarray(0, 4_000) });
  },
  async document(bytes) {
    const { text, notes } = await readDocument(bytes);
    if (text.length > maxDocumentCharacters) throw new Broken("output budget", `${text.length} characters`);
    checkFenced(text.slice(0, 200_000), "document");
    checkFenced(notes.join("\n"), "notes");
    if (notes.includes("The file cannot be read: it is damaged or has an unusual structure.")) return;
    await readPictures(bytes, [1, 2, 0, -1, 1e9]);
  },
  winmail(bytes) {
    readTnef(bytes);
    signedContent(bytes);
    isEncryptedCms(bytes);
  },
  text(bytes) {
    const text = bytes.toString("utf8");
    checkFenced(calendarToLines(text).join("\n"), "calendar");
    checkFenced(vcardsToLines(text).join("\n"), "contact");
    checkFenced(deliveryReportToLines(bytes).join("\n"), "report");
    checkFenced(text, "text");
  },
  query(bytes) {
    orAppError(() => parseQuery(bytes.toString("utf8"), { clock, self: "ann@example.test" }));
  },
  markdown(bytes) {
    const markdown = bytes.toString("utf8");
    const html = markdownToHtml(markdown);
    checkInert(html, "composed HTML");
    checkSize(html, bytes.length, "composed HTML");
    checkInert(plainTextToHtml(markdown), "plain text as HTML");
    checkSize(markdownToText(markdown), bytes.length, "composed text");
    toBareAddress(markdown.slice(0, 320));
    toDisplayName(markdown.slice(0, 1_000));
  },
  async original(bytes) {
    const original = await parseOriginal("id", bytes, true);
    for (const { html } of [toQuotedBody(original), toForwardedBody(original)])
      checkInert(html, "quoted HTML");
  },
  async autoconfig(bytes) {
    const text = bytes.toString("utf8");
    parseAutoconfig(text, "example.org");
    const host = text.slice(0, 253);
    const discover = createDiscover({
      outbound: {
        resolveMx: async () => [host, "mx.example.org"],
        resolveSrv: async () => [{ host, port: bytes.length }],
        fetchText: async () => text,
      },
    });
    await discover("ann@example.org", { signal });
  },
  message(bytes) {
    readPost(bytes.toString("utf8"), "2025-06-18");
    readPost(bytes.toString("utf8"), undefined);
  },
};

function readHeaders(headers: ReturnType<typeof parseHeaders>): void {
  for (const { value } of headers) {
    checkVisible(cleanLine(decodeHeaderText(value)).text, "header");
    parseAddresses(value);
    toIsoDate(value);
  }
  const subject = decodeHeaderText(headerValue(headers, "subject"));
  toBaseSubject(subject);
  toThreadKeys(headers, subject, undefined);
  toSenderChecks(headers);
  unsubscribeTargets(headers);
}

/** An expected failure is an answer. */
function orAppError(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}
