/** The parts of an email as one text in the format asked for, with notes on what was left out. */

import { signedContent } from "../documents/cms.ts";
import { decodeText } from "../email/charset.ts";
import { type BodyText, type EmailContents, toEmailContents } from "../email/email-contents.ts";
import { formatAddress } from "../email/headers.ts";
import { parseMimeTree } from "../email/mime-tree.ts";
import { type AttachedEmailHeader, isOutlookFile, type Part } from "../email/part.ts";
import { escapeMarkup, toHtmlSource } from "../html/html-source.ts";
import { createLinkIndex, type LinkIndex } from "../html/link-index.ts";
import { htmlToMarkdown } from "../html/markdown.ts";
import type { HtmlOmissions } from "../html/rendering.ts";
import { calendarToLines } from "./calendar.ts";
import type { EmailFormat } from "./email-format.ts";
import { foldHistory, show } from "./fold.ts";
import { type OutlookText, toOutlookText } from "./outlook.ts";
import { openArmor } from "./pgp-armor.ts";
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
type Tally = HtmlOmissions & {
  quoted: number;
  signature: number;
  /** Each text inside a signature: whether it was one, and could be read. */
  sealed: ("open" | "closed")[];
  /** As the text itself shows, not the structure. */
  encrypted: "S/MIME" | "PGP" | undefined;
  signed: "PGP" | undefined;
};

/** `content` gives the decoded octets of a part, as far as they are known. Never throws. */
export function renderBody(
  contents: EmailContents,
  request: { format: EmailFormat; forward: boolean },
  content: Content,
): Rendered {
  const links = createLinkIndex();
  const tally: Tally = {
    hiddenWords: 0,
    trackingPixels: 0,
    pictures: 0,
    invisibleCharacters: 0,
    tooDeep: false,
    quoted: 0,
    signature: 0,
    sealed: [],
    encrypted: undefined,
    signed: undefined,
  };
  const sections = toSections(contents, request, content, links, tally);
  const text =
    request.format === "links" ? listLinks(links) : sections.filter((section) => section !== "").join("\n\n");
  return { text, notes: notes(contents, request.format, tally, links), cutOctets: 0 };
}

type Request = Parameters<typeof renderBody>[1];

function toSections(
  contents: EmailContents,
  request: Request,
  content: Content,
  links: LinkIndex,
  tally: Tally,
): string[] {
  const sections: string[] = [];
  const status = contents.report?.status;
  if (status && request.format !== "html")
    sections.push(reportToLines(content(status) ?? Buffer.alloc(0)).join("\n"));
  for (const calendar of contents.calendars)
    sections.push(calendarToLines(toText(calendar, content)).join("\n").trim());
  for (const text of contents.texts) {
    const show = request.format === "html" && text.html ? attachedHeaderHtml : formatAttachedHeader;
    const heads = (text.attachedHeaders ?? []).map(show);
    const rendered = text.signed
      ? openSigned(text.signed)
      : [renderText(text, request, content, links, tally)];
    sections.push([...heads, ...rendered].filter((piece) => piece !== "").join("\n\n"));
  }
  return sections;

  /** The email inside its signature. */
  function openSigned(part: Part): string[] {
    const inside = signedContent(content(part) ?? Buffer.alloc(0));
    tally.sealed.push(inside ? "open" : "closed");
    // Signed again and again is nobody's email.
    if (!inside || tally.sealed.length > 3) return [];
    const tree = parseMimeTree(inside);
    const its = toEmailContents(tree.root);
    tally.encrypted ??= its.encrypted;
    return toSections(its, request, tree.content, links, tally);
  }
}

function formatAttachedHeader({ from, date, subject }: AttachedEmailHeader): string {
  return [
    "Attached email",
    ...(from ? [`From: ${formatAddress(from)}`] : []),
    ...(date ? [`Date: ${date}`] : []),
    `Subject: ${subject || "(none)"}`,
  ].join("\n");
}

function attachedHeaderHtml(attachedHeader: AttachedEmailHeader): string {
  return `<p>${formatAttachedHeader(attachedHeader).split("\n").map(escapeMarkup).join("<br>\n")}</p>`;
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

/** What calls itself plain text and is an HTML document from its first letter on. */
const htmlInside = (words: string) => (/^\s*(<!doctype html|<html[\s>])/i.test(words) ? words : undefined);

const isHtml = ({ type }: Part) => type === "text/html";

function renderText(
  text: BodyText,
  { format, forward }: { format: EmailFormat; forward: boolean },
  content: Content,
  links: LinkIndex,
  tally: Tally,
): string {
  const { html, plain, other, further = [] } = text;
  const outlook: OutlookText = (text.outlook && toOutlookText(content(text.outlook))) ?? {};
  const disguised = !html && plain ? htmlInside(toText(plain, content)) : undefined;
  const htmlSource = () => (html ? toText(html, content) : (outlook.html ?? disguised));
  const part = plain ?? other;
  const plainText = () => (part ? plainOf(part) : outlook.plain);
  if (format === "text") {
    const source = plain && disguised === undefined ? undefined : htmlSource();
    return source === undefined ? wholePlainText() : show(wholeMarkdown(source)).join("\n");
  }
  const source = htmlSource();
  if (format === "html" && source !== undefined)
    return [toHtmlSource(source), ...further.map(sourceOf)].join("\n");
  const rendered = source === undefined ? [] : wholeMarkdown(source);
  // HTML that is all pictures has its words in the plain text beside it.
  const isBare = rendered.every((line) => !/\p{L}/u.test(line.replace(/\[image:[^\]]*\]/g, "")));
  const instead = isBare ? wholePlainText() : undefined;
  const own = instead?.replace(/[\uE000\uE001]/g, "").split("\n");
  const lines = own?.map((line) => shortenTargets(line, links)) ?? rendered;
  const quotes = instead === undefined ? "marked" : "all";
  const folded = foldHistory(lines, { forward, quotes });
  tally.quoted += folded.quoted;
  tally.signature += folded.signature;
  return tidy(folded.lines);

  /** The plain text beside HTML is whole as it is. */
  function wholePlainText(): string {
    const pieces = [plainText() ?? "", ...(html ? [] : further.map(plainOf))];
    return pieces.filter((piece) => piece !== "").join("\n\n");
  }

  function wholeMarkdown(words: string): string[] {
    const first = toMarkdown(words);
    return further.reduce((lines, one) => {
      lines.push("", ...(isHtml(one) ? toMarkdown(toText(one, content)) : plainOf(one).split("\n")));
      return lines;
    }, first);
  }

  function sourceOf(one: Part): string {
    const words = toText(one, content);
    return isHtml(one) ? toHtmlSource(words) : `<pre>${escapeMarkup(words)}</pre>`;
  }

  function plainOf(plainPart: Part): string {
    const raw = toText(plainPart, content);
    const bare = /^text\/(enriched|richtext)$/.test(plainPart.type)
      ? raw.replace(/<<|<\/?[a-z]+>/gi, (tag) => (tag === "<<" ? "<" : ""))
      : raw;
    const words = toPlainText(bare, plainPart);
    if (format === "text" || !words.includes("-----BEGIN PGP ")) return words;
    const opened = openArmor(words);
    if (opened.encrypted) tally.encrypted ??= "PGP";
    if (opened.signed) tally.signed = "PGP";
    return opened.text.trim();
  }

  function toMarkdown(words: string): string[] {
    const { lines: found, omissions } = htmlToMarkdown(words, links);
    tally.hiddenWords += omissions.hiddenWords;
    tally.trackingPixels += omissions.trackingPixels;
    tally.pictures += omissions.pictures;
    tally.invisibleCharacters += omissions.invisibleCharacters;
    tally.tooDeep ||= omissions.tooDeep;
    return found;
  }
}

function tidy(lines: readonly string[]): string {
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function listLinks(links: LinkIndex): string {
  const numbered = links.all().map(({ number, url, text }) => `${number}. ${text ? `${text}: ` : ""}${url}`);
  const pictures = links.pictures().map((url, at) => `${numbered.length + at + 1}. (a picture): ${url}`);
  return [...numbered, ...pictures].join("\n");
}

function notes(contents: EmailContents, format: EmailFormat, tally: Tally, links: LinkIndex): string[] {
  const found: string[] = [];
  const isOpen = tally.sealed.includes("open");
  const closed = tally.sealed.includes("closed");
  const encrypted =
    contents.encrypted ?? tally.encrypted ?? (closed && !contents.signed ? "S/MIME" : undefined);
  const signed = contents.signed ?? (isOpen ? "S/MIME" : tally.signed);
  if (encrypted) found.push(`The email is encrypted (${encrypted}); its text cannot be read here.`);
  if (signed) found.push(`The email is signed (${signed}); the signature was not checked here.`);
  if (isOpen) found.push("The text is out of smime.p7m; get_attachment lists what else is in it.");
  if (closed && signed) found.push("smime.p7m is damaged, or signs what is elsewhere: no text is in it.");
  const nothing = contents.texts.length + contents.calendars.length === 0 && !contents.report?.status;
  if (nothing && !encrypted) found.push("The email has no text of its own.");
  if (contents.texts.some(({ outlook }) => outlook))
    found.push(
      "The text is out of winmail.dat, Outlook's own format; get_attachment lists what else is in it.",
    );
  else if (contents.attachments.some(({ part }) => isOutlookFile(part)))
    found.push("winmail.dat is Outlook's own format; get_attachment reads it, and the files in it.");
  const left = [
    count(tally.hiddenWords, "hidden word"),
    count(tally.trackingPixels, "tracking pixel"),
    count(tally.pictures, "picture", "s without a description", " without a description"),
    count(tally.invisibleCharacters, "invisible character"),
  ].filter((part) => part !== "");
  if (left.length > 0) found.push(`Left out: ${left.join(", ")}.`);
  if (tally.quoted + tally.signature > 0)
    found.push('Quoted history and signatures are folded; format "text" shows them.');
  if (tally.tooDeep) found.push("Parts of the email are nested too deeply to be read.");
  const pictures = links.pictures().length;
  if (format === "markdown" && pictures > 0)
    found.push(`${count(pictures, "link")} on pictures without a description: format "links" lists them.`);
  if (format === "links" && links.all().length + pictures === 0 && contents.texts.length > 0)
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
