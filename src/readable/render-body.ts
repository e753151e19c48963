/** The parts of an email as one text in the format asked for, with notes on what was left out. */
import { signedContent } from "../documents/cms.ts";
import type { CharsetHints } from "../email/charset-guess.ts";
import { type BodyText, type EmailContents, toEmailContents } from "../email/email-contents.ts";
import { formatAddress } from "../email/headers.ts";
import { parseMimeTree } from "../email/mime-tree.ts";
import type { AttachedEmailHeader, Part } from "../email/part.ts";
import { escapeMarkup } from "../html/html-source.ts";
import { createLinkIndex, type LinkIndex } from "../html/link-index.ts";
import { bodyNotes, charsetNotes } from "./body-notes.ts";
import { calendarToLines } from "./calendar.ts";
import { deliveryReportToLines } from "./delivery-report.ts";
import type { EmailFormat } from "./email-format.ts";
import { completePiece, joinPieces, mergeProtection, type RenderedPiece } from "./omissions.ts";
import { type ContentOf, decodePart, guessedCharsets } from "./part-text.ts";
import { renderText, type TextRendering } from "./render-text.ts";
import { haveSameWords } from "./same-words.ts";

/** The contents of an email without the tree of its parts. */
export type RenderableContents = Omit<EmailContents, "root">;

export type RenderedBody = {
  text: string;
  /** Written here, not by the sender. */
  notes: string[];
  /** Octets of text parts that were not fetched. */
  cutOctets: number;
};

/**
 * Renders an email. `forward`: its subject says that it forwards another one. `contentOf` returns the decoded octets
 * of a part, as far as they are known. Never throws.
 */
export function renderBody(
  contents: RenderableContents,
  { format, forward, charsetHints }: { format: EmailFormat; forward: boolean; charsetHints?: CharsetHints },
  contentOf: ContentOf,
): RenderedBody {
  const links = createLinkIndex();
  const body = renderContents(contents, { format, forward, contentOf, charsetHints, links }, 0);
  return {
    text: format === "links" ? listLinks(links) : body.text,
    notes: [
      ...bodyNotes(contents, format, body, links),
      ...charsetNotes(guessedCharsets(partsWithText(contents), { contentOf, charsetHints })),
    ],
    cutOctets: 0,
  };
}

/** The parts whose text is shown; of HTML and plain text the HTML. */
function partsWithText({ texts, calendars }: RenderableContents): Part[] {
  const parts = texts.flatMap(({ html, plain, other, further = [] }) => [html ?? plain ?? other, ...further]);
  return [...parts.filter((part) => part !== undefined), ...calendars];
}

function renderContents(
  contents: RenderableContents,
  rendering: TextRendering,
  signatureDepth: number,
): RenderedPiece {
  const { format, contentOf } = rendering;
  const status = format === "html" ? undefined : contents.report?.status;
  const lines = status ? deliveryReportToLines(contentOf(status) ?? Buffer.alloc(0)) : [];
  const isUnreadable = status !== undefined && lines.length === 0 && contents.texts.length === 0;
  const report = isUnreadable ? "[Report that cannot be read]" : lines.join("\n");
  const calendars = contents.calendars.map((part) =>
    calendarToLines(decodePart(part, rendering)).join("\n").trim(),
  );
  // A report describes an email in lines that resemble the headers above a quote.
  const sections = contents.report ? { ...rendering, forward: true } : rendering;
  const texts = contents.texts.map((text) => renderSection(text, sections, signatureDepth));
  return joinPieces([
    ...[report, ...calendars].map(completePiece),
    ...texts.filter((piece, at) => !isRepeated(contents.texts, texts, piece, at)),
  ]);
}

/** True for plain text whose HTML form stands beside it outside of multipart/alternative: mail programs show both. */
function isRepeated(
  texts: readonly BodyText[],
  pieces: readonly RenderedPiece[],
  { text }: RenderedPiece,
  at: number,
): boolean {
  const { plain, html } = texts[at] ?? {};
  if (!plain || html) return false;
  return [at - 1, at + 1].some((other) => {
    const neighbor = texts[other];
    if (!neighbor?.html || neighbor.plain || neighbor.attachedHeaders) return false;
    return haveSameWords(text, pieces[other]?.text ?? "");
  });
}

/** A text below the headers of the attached emails that it begins. */
function renderSection(text: BodyText, rendering: TextRendering, signatureDepth: number): RenderedPiece {
  const format = rendering.format === "html" && text.html ? attachedHeaderHtml : formatAttachedHeader;
  const headers = (text.attachedHeaders ?? []).map((header) => completePiece(format(header)));
  const body = text.signed
    ? renderSigned(text.signed, rendering, signatureDepth)
    : renderText(text, rendering);
  return joinPieces([...headers, body]);
}

/** Nobody signs an email over and over. */
const maxSignatureDepth = 3;

/** The email inside an S/MIME signature (RFC 8551 section 3.5.2). */
function renderSigned(part: Part, rendering: TextRendering, signatureDepth: number): RenderedPiece {
  const content = signedContent(rendering.contentOf(part) ?? Buffer.alloc(0));
  const empty = completePiece("");
  if (!content) return { ...empty, protection: { signedFiles: ["unreadable"] } };
  if (signatureDepth >= maxSignatureDepth) return { ...empty, protection: { signedFiles: ["opened"] } };
  const tree = parseMimeTree(content);
  const inner = toEmailContents(tree.root);
  const body = renderContents(inner, { ...rendering, contentOf: tree.content }, signatureDepth + 1);
  return {
    ...body,
    protection: mergeProtection([{ signedFiles: ["opened"], encrypted: inner.encrypted }, body.protection]),
  };
}

function formatAttachedHeader({ from, date, subject }: AttachedEmailHeader): string {
  return [
    "Attached email",
    ...(from ? [`From: ${formatAddress(from)}`] : []),
    ...(date ? [`Date: ${date}`] : []),
    `Subject: ${subject || "(none)"}`,
  ].join("\n");
}

function attachedHeaderHtml(header: AttachedEmailHeader): string {
  return `<p>${formatAttachedHeader(header).split("\n").map(escapeMarkup).join("<br>\n")}</p>`;
}

function listLinks(links: LinkIndex): string {
  const numbered = links.all().map(({ number, url, text }) => `${number}. ${text ? `${text}: ` : ""}${url}`);
  const pictures = links.pictures().map((url, at) => `${numbered.length + at + 1}. (a picture): ${url}`);
  return [...numbered, ...pictures].join("\n");
}
