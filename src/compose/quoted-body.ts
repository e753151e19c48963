/** The body of an original email as a reply quotes it and as a forward contains it. */
import { createLinkIndex, type LinkIndex } from "../html/link-index.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import { removeImages, sanitizeHtml } from "../html/sanitize.ts";
import { stripMarks } from "../readable/fold-history.ts";
import { openArmor } from "../readable/pgp-armor.ts";
import type { AttachedFile } from "./attached-file.ts";
import type { OriginalEmail } from "./email-request.ts";
import { escapeMarkdown, markdownToHtml, plainTextToHtml, unescapeMarkdown } from "./markdown-html.ts";
import { markdownToText } from "./markdown-text.ts";

export type QuotedBody = { text: string; html: string };

const maxCharacters = 60_000;

/**
 * The body for a quote, without styles, pictures and layout. Both parts are made from the HTML where there is any: the
 * text part beside it may be a stub ("view this in your browser"), and is usually wrapped.
 */
export function toQuotedBody(original: Pick<OriginalEmail, "html" | "text">): QuotedBody {
  return bodyOf({ html: original.html, text: withoutSignature(original.text ?? "") });
}

/** Removes PGP signatures of plain text, which a quote does not keep valid; encrypted text stays whole. */
function withoutSignature(text: string): string {
  if (!text.includes("-----BEGIN PGP SIGNED MESSAGE-----")) return text;
  const opened = openArmor(text.replace(/\r\n/g, "\n"));
  return opened.encrypted ? text : opened.text.trim();
}

function bodyOf({ html, text = "" }: Pick<OriginalEmail, "html" | "text">): QuotedBody {
  const markdown = html === undefined ? "" : shorten(toQuotedMarkdown(html));
  const words = markdownToText(markdown);
  if (words !== "") return { text: words, html: markdownToHtml(markdown) };
  const plain = shorten(text);
  return { text: plain, html: plainTextToHtml(plain) };
}

/** The body for a forward: the HTML as it was, without active content, and its text. */
export function toForwardedBody(original: OriginalEmail): QuotedBody {
  if (original.html === undefined) return bodyOf(original);
  return { text: toQuotedBody(original).text, html: sanitizeHtml(original.html) };
}

/** Converts HTML to Markdown without long link targets, which are mostly trackers of newsletters. */
function toQuotedMarkdown(html: string): string {
  const index = createLinkIndex();
  const plain: LinkIndex = {
    ...index,
    describeTarget(target, text) {
      const shown = index.describeTarget(target, unescapeMarkdown(text));
      if (shown?.includes(" #")) return undefined;
      // These characters would end the target in Markdown.
      return shown?.replace(/[()<>\\]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
    },
  };
  return stripMarks(htmlToMarkdown(html, plain, escapeMarkdown).lines).join("\n");
}

function shorten(text: string): string {
  const clean = text
    .toWellFormed()
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trimEnd();
  return clean.length <= maxCharacters
    ? clean
    : `${clean.slice(0, maxCharacters).toWellFormed()}\n[shortened]`;
}

/**
 * Removes pictures that refer to attachments (RFC 2392) which are not among `files`: mail programs would show empty
 * frames. `removed`: their number.
 */
export function removeMissingImages(
  html: string,
  files: readonly AttachedFile[],
): { html: string; removed: number } {
  if (!/\bcid:/i.test(html)) return { html, removed: 0 };
  const kept = new Set(files.map(({ cid }) => cid));
  return removeImages(html, ({ attribs }) => {
    const source = (attribs.src ?? "").trim();
    const cid = /^cid:/i.test(source) ? source.slice("cid:".length) : undefined;
    return cid !== undefined && !kept.has(cid) && !kept.has(decodeCid(cid));
  });
}

/** Decodes a Content-ID in a URL (RFC 2392 section 2). */
function decodeCid(cid: string): string {
  try {
    return decodeURIComponent(cid);
  } catch {
    return cid;
  }
}
