/** The link targets of an email: short ones are shown, long ones by their host and a number. */
import { unwrapLink } from "./link-wrappers.ts";

export type LinkIndex = ReturnType<typeof createLinkIndex>;

/** Targets longer than this many characters are shown by host and number. */
export const maxShownTarget = 60;
const maxPictureTargets = 500;
const maxLinkTextCharacters = 100;

export function createLinkIndex() {
  const numbers = new Map<string, number>();
  const texts = new Map<string, string>();
  const pictureTargets = new Set<string>();
  let misleading = 0;

  return {
    /**
     * The suffix of a link's text, for example `https://example.org/x` or `click.example.org #3`. Undefined when the
     * text already names the target, or when the target cannot be followed.
     */
    describeTarget(target: string, text: string): string | undefined {
      const url = toFollowableUrl(target);
      if (!url || isSameTarget(url, text.replace(/\s+/g, ""))) return undefined;
      if (namesOtherSite(url, text.trim())) misleading += 1;
      const number = this.add(url, text);
      return url.length <= maxShownTarget ? url : `${hostOf(url)} #${number}`;
    },

    /** Returns the number of a target; equal targets share one. */
    add(url: string, text: string): number {
      const number = numbers.get(url) ?? numbers.size + 1;
      if (!numbers.has(url)) numbers.set(url, number);
      if (!texts.get(url)) texts.set(url, text.replace(/\s+/g, " ").trim().slice(0, maxLinkTextCharacters));
      return number;
    },

    /** Records a target that only an image without a description leads to. */
    addPicture(target: string): void {
      const url = toFollowableUrl(target);
      if (url && pictureTargets.size < maxPictureTargets) pictureTargets.add(url);
    },

    /** Targets of images that no text leads to. */
    pictures: () => [...pictureTargets].filter((url) => !numbers.has(url)),

    /** All targets in order of their numbers, with the first text that led to each. */
    all: () => [...numbers].map(([url, number]) => ({ number, url, text: texts.get(url) ?? "" })),

    /** The number of links whose text names one site and whose target is another. */
    misleading: () => misleading,
  };
}

/** Undefined for scripts, data, parts of the email and anchors on the page. */
function toFollowableUrl(target: string): string | undefined {
  // Browsers remove white space and controls inside a URL (URL standard, basic URL parser).
  const url = unwrapLink(target.replace(/[\s\p{Cc}]+/gu, ""));
  if (/^(https?|mailto|tel|sms|ftp|webcal|geo):/i.test(url)) return url;
  return url.startsWith("//") ? `https:${url}` : undefined;
}

/** The part of a URL or link text that identifies the target to a reader. */
function toComparable(url: string): string {
  const short = url
    .toLowerCase()
    .replace(/^(mailto|tel|sms):/, "")
    .replace(/^[a-z]+:\/\/(www\.)?/, "")
    .replace(/^www\./, "");
  const subject = short.search(/[?&]subject=/);
  return withoutTrailingSlashes(subject < 0 ? short : short.slice(0, subject));
}

/** Written out because `/\/+$/` takes quadratic time on a run of slashes inside the text. */
function withoutTrailingSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === "/") end -= 1;
  return text.slice(0, end);
}

function isSameTarget(url: string, text: string): boolean {
  if (text === "") return false;
  const digits = (value: string) => value.replace(/[^\d+]/g, "");
  return (
    toComparable(url) === toComparable(text) || (/^(tel|sms):/i.test(url) && digits(url) === digits(text))
  );
}

/** The host of a URL without `www.`; its beginning when it has none. */
export function hostOf(url: string): string {
  try {
    return new URL(url).hostname.replace(/^www\./, "") || url.slice(0, maxShownTarget);
  } catch {
    return url.slice(0, 40);
  }
}

/** True when the text is itself an address on another site. */
function namesOtherSite(url: string, text: string): boolean {
  if (!/^https?:/i.test(url)) return false;
  const site = text
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/^www\./, "");
  const end = site.search(/[/:?#]/);
  const named = end < 0 ? site : site.slice(0, end);
  const labels = named.split(".");
  const isHost =
    labels.length > 1 &&
    labels.every((label) => /^[a-z0-9-]+$/.test(label)) &&
    /^[a-z]{2,18}$/.test(labels.at(-1) ?? "");
  if (!isHost) return false;
  const host = hostOf(url).toLowerCase();
  return host !== named && !host.endsWith(`.${named}`) && !named.endsWith(`.${host}`);
}
