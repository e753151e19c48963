/** The parts of an email as one text in the format asked for, with notes on what was left out. */

import type { Anatomy, BodyText, Letterhead, Part } from "../email/structure.ts";
import type { EmailFormat } from "../reading.ts";
import { calendarToLines } from "./calendar.ts";
import { decodeText } from "./charset.ts";
import { foldHistory, show } from "./fold.ts";
import { showAddress } from "./headers.ts";
import { htmlToMarkdown, type LeftOut } from "./html-markdown.ts";
import { escaped, toHtmlSource } from "./html-source.ts";
import { createLinkBook, type LinkBook } from "./links.ts";
import { isOutlookFile, type OutlookText, toOutlookText } from "./outlook.ts";
import { shortenTargets, toPlainText } from "./plain-text.ts";
import { reportToLines } from "./report.ts";

export type Rendered = {
  text: string;
  /** Our words. */
  notes: string[];
  /** Octets of text parts that were not fetched. */
  cutOctets: number;
};

type Content = (part: Part) => Buffer | undefined;

/** What was left out, over all parts. */
type Tally = LeftOut & { quoted: number; signature: number };

/** `content` gives the decoded octets of a part, as far as they are known. Never throws. */
export function renderBody(
  anatomy: Anatomy,
  request: { format: EmailFormat; forward: boolean },
  content: Content,
): Rendered {
  const links = createLinkBook();
  const tally: Tally = {
    hiddenWords: 0,
    trackingPixels: 0,
    pictures: 0,
    invisible: 0,
    tooDeep: false,
    quoted: 0,
    signature: 0,
  };
  const sections: string[] = [];
  const status = anatomy.report?.status;
  if (status && request.format !== "html")
    sections.push(reportToLines(content(status) ?? Buffer.alloc(0)).join("\n"));
  for (const calendar of anatomy.calendars)
    sections.push(calendarToLines(toText(calendar, content)).join("\n").trim());
  for (const text of anatomy.texts) {
    const rendered = renderText(text, request, content, links, tally);
    const show = request.format === "html" && text.html ? toHtmlLetterhead : showLetterhead;
    const heads = (text.letterheads ?? []).map(show);
    sections.push([...heads, rendered].filter((piece) => piece !== "").join("\n\n"));
  }
  const text =
    request.format === "links" ? listLinks(links) : sections.filter((section) => section !== "").join("\n\n");
  return { text, notes: notes(anatomy, request.format, tally, links), cutOctets: 0 };
}

function showLetterhead({ from, date, subject }: Letterhead): string {
  return [
    "Attached email",
    ...(from ? [`From: ${showAddress(from)}`] : []),
    ...(date ? [`Date: ${date}`] : []),
    `Subject: ${subject || "(none)"}`,
  ].join("\n");
}

function toHtmlLetterhead(letterhead: Letterhead): string {
  return `<p>${showLetterhead(letterhead).split("\n").map(escaped).join("<br>\n")}</p>`;
}

function toText(part: Part, content: Content): string {
  const bytes = content(part) ?? Buffer.alloc(0);
  // Servers say us-ascii where an email says nothing (RFC 3501 section 7.4.2).
  const silent = part.charset === undefined || /^us-ascii$/i.test(part.charset);
  const declared =
    silent && part.type === "text/html" ? (charsetInside(bytes) ?? part.charset) : part.charset;
  return decodeText(bytes, declared);
}

/** `<meta charset=…>`, for HTML whose headers name none. */
function charsetInside(bytes: Buffer): string | undefined {
  return /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(bytes.subarray(0, 2048).toString("latin1"))?.[1];
}

function renderText(
  text: BodyText,
  { format, forward }: { format: EmailFormat; forward: boolean },
  content: Content,
  links: LinkBook,
  tally: Tally,
): string {
  const { html, plain, other } = text;
  const outlook: OutlookText = (text.outlook && toOutlookText(content(text.outlook))) ?? {};
  const htmlSource = () => (html ? toText(html, content) : outlook.html);
  const part = plain ?? other;
  const plainText = () => (part ? plainOf(part) : outlook.plain);
  if (format === "text") {
    const unfolded = plain ? plainOf(plain) : undefined;
    const source = unfolded === undefined ? htmlSource() : undefined;
    return unfolded ?? (source === undefined ? (plainText() ?? "") : show(toMarkdown(source)).join("\n"));
  }
  const source = htmlSource();
  if (format === "html" && source !== undefined) return toHtmlSource(source);
  const rendered = source === undefined ? [] : toMarkdown(source);
  // HTML that is all pictures has its words in the plain text beside it.
  const isBare = rendered.every((line) => !/\p{L}/u.test(line.replace(/\[image:[^\]]*\]/g, "")));
  const instead = isBare ? plainText() : undefined;
  const own = instead?.replace(/[\uE000\uE001]/g, "").split("\n");
  const lines = own?.map((line) => shortenTargets(line, links)) ?? rendered;
  const quotes = instead === undefined ? "marked" : "all";
  const folded = foldHistory(lines, { forward, quotes });
  tally.quoted += folded.quoted;
  tally.signature += folded.signature;
  return tidy(folded.lines);

  function plainOf(plainPart: Part): string {
    const raw = toText(plainPart, content);
    const bare = /^text\/(enriched|richtext)$/.test(plainPart.type)
      ? raw.replace(/<<|<\/?[a-z]+>/gi, (tag) => (tag === "<<" ? "<" : ""))
      : raw;
    return toPlainText(bare, plainPart);
  }

  function toMarkdown(words: string): string[] {
    const { lines: found, leftOut } = htmlToMarkdown(words, links);
    tally.hiddenWords += leftOut.hiddenWords;
    tally.trackingPixels += leftOut.trackingPixels;
    tally.pictures += leftOut.pictures;
    tally.invisible += leftOut.invisible;
    tally.tooDeep ||= leftOut.tooDeep;
    return found;
  }
}

function tidy(lines: readonly string[]): string {
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function listLinks(links: LinkBook): string {
  const numbered = links.all().map(({ number, url, text }) => `${number}. ${text ? `${text}: ` : ""}${url}`);
  const pictures = links.pictures().map((url, at) => `${numbered.length + at + 1}. (a picture): ${url}`);
  return [...numbered, ...pictures].join("\n");
}

function notes(anatomy: Anatomy, format: EmailFormat, tally: Tally, links: LinkBook): string[] {
  const found: string[] = [];
  if (anatomy.encrypted)
    found.push(`The email is encrypted (${anatomy.encrypted}); its text cannot be read here.`);
  if (anatomy.signed)
    found.push(`The email is signed (${anatomy.signed}); the signature was not checked here.`);
  const nothing = anatomy.texts.length + anatomy.calendars.length === 0 && !anatomy.report?.status;
  if (nothing && !anatomy.encrypted) found.push("The email has no text of its own.");
  if (anatomy.texts.some(({ outlook }) => outlook))
    found.push(
      "The text is out of winmail.dat, Outlook's own format; get_attachment lists what else is in it.",
    );
  else if (anatomy.attachments.some(({ part }) => isOutlookFile(part)))
    found.push("winmail.dat is Outlook's own format; get_attachment reads it, and the files in it.");
  const left = [
    count(tally.hiddenWords, "hidden word"),
    count(tally.trackingPixels, "tracking pixel"),
    count(tally.pictures, "picture", "s without a description", " without a description"),
    count(tally.invisible, "invisible character"),
  ].filter((part) => part !== "");
  if (left.length > 0) found.push(`Left out: ${left.join(", ")}.`);
  if (tally.quoted + tally.signature > 0)
    found.push('Quoted history and signatures are folded; format "text" shows them.');
  if (tally.tooDeep) found.push("Parts of the email are nested too deeply to be read.");
  const pictures = links.pictures().length;
  if (format === "markdown" && pictures > 0)
    found.push(`${count(pictures, "link")} on pictures without a description: format "links" lists them.`);
  if (format === "links" && links.all().length + pictures === 0 && anatomy.texts.length > 0)
    found.push("There are no links in it.");
  if (links.misleading() > 0)
    found.push(
      `Careful: ${count(links.misleading(), "link")} whose text names another site than it leads to.`,
    );
  if (format === "markdown" && links.all().some(({ url }) => url.length > 60))
    found.push('Long links are shown as host and #number; format "links" gives them whole.');
  return found;
}

function count(number: number, noun: string, plural = "s", singular = ""): string {
  return number === 0 ? "" : `${number} ${noun}${number === 1 ? singular : plural}`;
}
