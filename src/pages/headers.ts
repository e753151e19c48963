/**
 * What a page may do, said to the browser. `default-src 'none'` and then only what a page has: its own inline
 * style by hash, its mark from this server, and nothing else. No form-action: Chromium applies it along the whole
 * redirect chain, and claude.ai goes on to claude://.
 */
import { toContentHash } from "../secrets.ts";
import { style } from "./style.ts";

export const pageHeaders: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": [
    "default-src 'none'",
    `style-src '${toContentHash(style)}'`,
    "img-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cache-Control": "no-store",
};
