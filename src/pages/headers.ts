/**
 * What a page may do, said to the browser. `default-src 'none'`, and then only what a page has:
 * - its inline style and its inline script, by hash, so that nothing that got into a page by mistake can run;
 * - `connect-src 'self'`, because the connect page asks this server, and no other, for servers and progress;
 * - `img-src 'self'` for its mark.
 * No form-action: Chromium applies it along the whole redirect chain, and claude.ai goes on to claude://.
 */
import { toContentHash } from "../secrets.ts";
import { scripts } from "./scripts.ts";
import { style } from "./style.ts";

const hashes = (texts: readonly string[]) => texts.map((text) => `'${toContentHash(text)}'`).join(" ");

export const pageHeaders: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": [
    "default-src 'none'",
    `style-src ${hashes([style])}`,
    `script-src ${hashes(Object.values(scripts))}`,
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cache-Control": "no-store",
};
