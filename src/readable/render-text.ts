/** One text of an email in the format asked for. */
import type { BodyText } from "../email/email-contents.ts";
import type { Part } from "../email/part.ts";
import { escapeMarkup, toHtmlSource } from "../html/html-source.ts";
import type { LinkIndex } from "../html/link-index.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import type { EmailFormat } from "./email-format.ts";
import { foldHistory, stripMarks } from "./fold-history.ts";
import {
  completePiece,
  joinPieces,
  mergeProtection,
  noProtection,
  type Omissions,
  type Protection,
  type RenderedPiece,
  sumOmissions,
} from "./omissions.ts";
import { decodePart, decodePlainPart, type PartDecoding } from "./part-text.ts";
import { openArmor } from "./pgp-armor.ts";
import { shortenTargets, toPlainText } from "./plain-text.ts";
import { toWinmailText } from "./winmail-text.ts";

export type TextRendering = PartDecoding & {
  format: EmailFormat;
  /** The subject says that the email forwards another one: then its history is not folded. */
  forward: boolean;
  links: LinkIndex;
};

/** Markdown before its history is folded. */
type MarkdownText = { lines: string[]; omissions: Partial<Omissions>; protection: Protection };

/** Renders one text. Never throws. */
export function renderText(text: BodyText, rendering: TextRendering): RenderedPiece {
  const html = htmlOf(text, rendering);
  if (rendering.format === "text") {
    if (html === undefined) return plainTextOf(text, rendering);
    // A plain text that is an HTML document is read as HTML; a blank one stands beside HTML with words.
    const plain = text.plain && text.html ? plainTextOf(text, rendering) : undefined;
    return plain && isVisible(plain.text) ? plain : unfolded(markdownOf(html, text, rendering));
  }
  if (rendering.format === "html" && html !== undefined) return sourceOf(html, text, rendering);
  const markdown = html === undefined ? undefined : markdownOf(html, text, rendering);
  return markdown?.lines.some(hasWords)
    ? folded(markdown, rendering)
    : foldedPlainText(text, rendering, markdown);
}

/** The HTML of a text: its HTML part, that in winmail.dat, or a plain text part that is an HTML document. */
export function htmlOf({ html, plain, outlook }: BodyText, rendering: PartDecoding): string | undefined {
  if (html) return decodePart(html, rendering);
  const winmail = outlook && toWinmailText(rendering.contentOf(outlook))?.html;
  if (winmail !== undefined || !plain) return winmail;
  const words = decodePart(plain, rendering);
  return /^\s*(<!doctype html|<html[\s>])/i.test(words) ? words : undefined;
}

const isHtmlPart = ({ type }: Part) => type === "text/html";

const isVisible = (text: string) => /[^\s\p{Cf}]/u.test(text);

/** True for a line with words that are not the description of an image. */
function hasWords(line: string): boolean {
  let rest = line;
  for (let start = rest.indexOf("[image:"); start >= 0; start = rest.indexOf("[image:")) {
    if (/\p{L}/u.test(rest.slice(0, start))) return true;
    const end = rest.indexOf("]", start);
    if (end < 0) return true;
    rest = rest.slice(end + 1);
  }
  return /\p{L}/u.test(rest);
}

function folded(markdown: MarkdownText, { forward }: TextRendering): RenderedPiece {
  const { lines, quoted, signature } = foldHistory(markdown.lines, { forward, quotes: "marked" });
  return {
    text: tidy(lines),
    omissions: sumOmissions([markdown.omissions, { quotedLines: quoted, signatureLines: signature }]),
    protection: markdown.protection,
  };
}

const unfolded = ({ lines, omissions, protection }: MarkdownText): RenderedPiece => ({
  text: stripMarks(lines).join("\n"),
  omissions: sumOmissions([omissions]),
  protection,
});

/** The plain text instead of HTML that is missing or has no words; `markdown`: what little the HTML has. */
function foldedPlainText(
  text: BodyText,
  rendering: TextRendering,
  markdown: MarkdownText | undefined,
): RenderedPiece {
  const plain = plainTextOf(text, rendering);
  const lines = stripMarks(plain.text.split("\n")).map((line) => shortenTargets(line, rendering.links));
  const result = foldHistory(lines, { forward: rendering.forward, quotes: "all" });
  const counts = { quotedLines: result.quoted, signatureLines: result.signature };
  return {
    text: tidy(result.lines),
    omissions: sumOmissions([markdown?.omissions ?? {}, counts]),
    protection: mergeProtection([markdown?.protection ?? noProtection, plain.protection]),
  };
}

/** The plain text alone, whole. The parts that follow HTML continue the HTML, not the plain text beside it. */
function plainTextOf({ html, plain, other, outlook, further = [] }: BodyText, rendering: TextRendering) {
  const part = plain ?? other;
  const first = part
    ? readPlainPart(part, rendering)
    : completePiece((outlook && toWinmailText(rendering.contentOf(outlook))?.plain) ?? "");
  return joinPieces([first, ...(html ? [] : further.map((one) => readPlainPart(one, rendering)))]);
}

function readPlainPart(part: Part, rendering: TextRendering): RenderedPiece {
  const words = toPlainText(decodePlainPart(part, rendering), part);
  if (rendering.format === "text" || !words.includes("-----BEGIN PGP ")) return completePiece(words);
  const opened = openArmor(words);
  return {
    ...completePiece(opened.text.trim()),
    protection: {
      signedFiles: [],
      encrypted: opened.encrypted ? "PGP" : undefined,
      signed: opened.signed ? "PGP" : undefined,
    },
  };
}

function markdownOf(html: string, { further = [] }: BodyText, rendering: TextRendering): MarkdownText {
  const pieces = [toMarkdown(html, rendering)];
  for (const part of further) {
    if (isHtmlPart(part)) pieces.push(toMarkdown(decodePart(part, rendering), rendering));
    else {
      const { text, omissions, protection } = readPlainPart(part, rendering);
      pieces.push({ lines: text.split("\n"), omissions, protection });
    }
  }
  return {
    lines: pieces.flatMap(({ lines }, at) => (at === 0 ? lines : ["", ...lines])),
    omissions: sumOmissions(pieces.map(({ omissions }) => omissions)),
    protection: mergeProtection(pieces.map(({ protection }) => protection)),
  };
}

function toMarkdown(html: string, { links }: TextRendering): MarkdownText {
  const { lines, omissions } = htmlToMarkdown(html, links);
  return { lines, omissions, protection: noProtection };
}

function sourceOf(html: string, { further = [] }: BodyText, rendering: TextRendering): RenderedPiece {
  const sources = further.map((part) => {
    const source = decodePart(part, rendering);
    return isHtmlPart(part) ? toHtmlSource(source) : `<pre>${escapeMarkup(source)}</pre>`;
  });
  return completePiece([toHtmlSource(html), ...sources].join("\n"));
}

function tidy(lines: readonly string[]): string {
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
