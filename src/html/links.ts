/** Link targets: short ones are shown, long ones by their host and a number that format "links" explains. */

export type LinkBook = ReturnType<typeof createLinkBook>;

/** Past it a target is shown by its host and a number. */
export const longTarget = 60;
const maxPictures = 500;

export function createLinkBook() {
  const numbers = new Map<string, number>();
  const texts = new Map<string, string>();
  const pictures = new Set<string>();
  let misleading = 0;

  return {
    /**
     * What stands after a link's text, e.g. `https://example.org/x` or `click.example.org #3`.
     * Undefined when the text says it already, or when there is nowhere to go.
     */
    show(target: string, text: string): string | undefined {
      const url = clean(target);
      if (!url) return undefined;
      const seen = text.replace(/\s+/g, "");
      if (sameTarget(url, seen)) return undefined;
      if (namesOtherSite(url, text.trim())) misleading += 1;
      if (url.length <= longTarget) {
        this.remember(url, text);
        return url;
      }
      return `${hostOf(url)} #${this.remember(url, text)}`;
    },

    /** The number of a target; the same target has one number. */
    remember(url: string, text: string): number {
      const number = numbers.get(url) ?? numbers.size + 1;
      if (!numbers.has(url)) numbers.set(url, number);
      if (!texts.get(url)) texts.set(url, text.replace(/\s+/g, " ").trim().slice(0, 100));
      return number;
    },

    /** A target that only a picture without words leads to. */
    rememberPicture(target: string): void {
      const url = clean(target);
      if (url && pictures.size < maxPictures) pictures.add(url);
    },

    /** Targets that nothing else leads to. */
    pictures: () => [...pictures].filter((url) => !numbers.has(url)),

    /** All targets in order, with the text they stood under. */
    all: () => [...numbers].map(([url, number]) => ({ number, url, text: texts.get(url) ?? "" })),

    /** Links whose text names one site and which lead to another. */
    misleading: () => misleading,
  };
}

/** A target that may be shown; undefined for scripts, data, parts of the email and places on the page. */
function clean(target: string): string | undefined {
  // Browsers drop white space and controls inside a URL before they follow it.
  const url = unwrap(target.replace(/[\s\p{Cc}]+/gu, ""));
  if (/^(https?|mailto|tel|sms|ftp|webcal|geo):/i.test(url)) return url;
  if (url.startsWith("//")) return `https:${url}`;
  return undefined;
}

/** Addresses that mail systems put around others on the way, and that say themselves where they lead. */
const wrappers: readonly [RegExp, (found: RegExpExecArray) => string | null | undefined][] = [
  [/^https:\/\/[a-z0-9]+\.safelinks\.protection\.outlook\.com\/.*?\?/i, ({ input }) => inQuery(input, "url")],
  [/^https?:\/\/www\.google\.com\/url\?/i, ({ input }) => inQuery(input, "q") ?? inQuery(input, "url")],
  // An asterisk stands for letters that follow elsewhere.
  [/^https:\/\/urldefense\.com\/v3\/__(https?:\/\/[^*]+?)__;/i, ([, inner]) => inner],
];

const inQuery = (url: string, name: string) => URL.parse(url)?.searchParams.get(name);

/** The address inside, where one was put around it: that is where a person gets, and what the sender wrote. */
export function unwrap(url: string): string {
  for (const [pattern, toInner] of wrappers) {
    const found = pattern.exec(url);
    const inner = found && toInner(found);
    if (inner && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(inner)) return inner;
  }
  return url;
}

function bare(url: string): string {
  return url
    .toLowerCase()
    .replace(/^(mailto|tel|sms):/, "")
    .replace(/^[a-z]+:\/\/(www\.)?/, "")
    .replace(/^www\./, "")
    .replace(/[?&]subject=.*$/, "")
    .replace(/\/+$/, "");
}

function sameTarget(url: string, text: string): boolean {
  if (text === "") return false;
  const digits = (value: string) => value.replace(/[^\d+]/g, "");
  return bare(url) === bare(text) || (/^(tel|sms):/i.test(url) && digits(url) === digits(text));
}

export function hostOf(url: string): string {
  try {
    return new URL(url).hostname.replace(/^www\./, "") || url.slice(0, longTarget);
  } catch {
    return url.slice(0, 40);
  }
}

/** The text is itself an address of a site, of another one. */
function namesOtherSite(url: string, text: string): boolean {
  const named = /^(?:https?:\/\/)?(?:www\.)?((?:[a-z0-9-]+\.)+[a-z]{2,18})(?:[/:?#].*)?$/i
    .exec(text)?.[1]
    ?.toLowerCase();
  if (!named || !/^https?:/i.test(url)) return false;
  const host = hostOf(url).toLowerCase();
  return host !== named && !host.endsWith(`.${named}`) && !named.endsWith(`.${host}`);
}
