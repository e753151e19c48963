/** Links that mail gateways wrap around others, and that contain the original target. */

const wrappers: readonly { wraps: RegExp; unwrap: (url: string) => string | null | undefined }[] = [
  {
    wraps: /^https:\/\/[a-z0-9]+\.safelinks\.protection\.outlook\.com\//i,
    unwrap: (url) => queryParameter(url, "url"),
  },
  {
    wraps: /^https?:\/\/www\.google\.com\/url\?/i,
    unwrap: (url) => queryParameter(url, "q") ?? queryParameter(url, "url"),
  },
  { wraps: /^https:\/\/urldefense\.com\/v3\/__https?:\/\//i, unwrap: unwrapUrlDefense },
];

const queryParameter = (url: string, name: string) => URL.parse(url)?.searchParams.get(name);

/** Proofpoint writes `*` for characters that it encodes after the target: such a target cannot be restored here. */
function unwrapUrlDefense(url: string): string | undefined {
  const start = url.indexOf("__") + 2;
  const end = url.indexOf("__;", start);
  const target = end < 0 ? "" : url.slice(start, end);
  return target === "" || target.includes("*") ? undefined : target;
}

/** The original target of a wrapped link: where a reader arrives, and what the sender wrote. */
export function unwrapLink(url: string): string {
  for (const { wraps, unwrap } of wrappers) {
    const target = wraps.test(url) ? unwrap(url) : undefined;
    if (target && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(target)) return target;
  }
  return url;
}
