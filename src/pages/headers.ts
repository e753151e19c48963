/**
 * The HTTP headers of a page. The Content-Security-Policy starts from `default-src 'none'` and allows:
 * - the inline style and the inline scripts, by hash, so that nothing injected into a page can run;
 * - `connect-src 'self'`, for the requests of the connect and upload pages to this server;
 * - `img-src 'self'`, for the icon.
 * There is no form-action: Chromium applies it to the whole redirect chain, and claude.ai redirects to claude://.
 */
import { toContentHash } from "../secrets.ts";
import { scripts } from "./scripts.ts";
import { style } from "./style.ts";

const toSources = (contents: readonly string[]) =>
  contents.map((content) => `'${toContentHash(content)}'`).join(" ");

export const pageHeaders: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": [
    "default-src 'none'",
    `style-src ${toSources([style])}`,
    `script-src ${toSources(Object.values(scripts))}`,
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cache-Control": "no-store",
};
